"""The words of pages and notices, by language. A language without its own words reads English.

A new language costs one entry in WORDINGS. Patterns take their values in braces.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    language: str
    direction: str
    comma: str  # between names
    skip: str
    front_page: str
    latest: str
    sections: str
    section: str
    tag: str
    tags: str
    by: str
    byline: str
    bylines: str
    publisher: str
    publishers: str
    published_by: str
    language_label: str
    languages: str
    feeds: str
    follow: str
    days: str
    day: str
    previous_day: str
    next_day: str
    articles: str
    reading: str
    updated: str
    photo: str
    source: str
    original: str
    discuss: str
    share: str
    new_tab: str
    copy_link: str
    copied: str
    copy_failed: str
    share_with: str
    email: str
    sms: str
    more_networks: str
    own_server: str
    no_server: str
    server_chooser: str
    cancel: str
    qr_code: str
    qr_of: str
    scroll_up: str
    empty_title: str
    empty_text: str
    no_articles: str
    most_read: str
    most_shared: str
    not_found_title: str
    not_found_text: str
    error_title: str
    error_text: str
    withdrawn_title: str
    withdrawn_text: str
    withdrawn_reason: str


WORDINGS = {
    "en": Wording(
        language="en",
        direction="ltr",
        comma=", ",
        skip="Skip to content",
        front_page="Front page",
        latest="Latest",
        sections="Sections",
        section="Section",
        tag="Tag",
        tags="Tags",
        by="By",
        byline="Byline",
        bylines="Authors",
        publisher="Publisher",
        publishers="Publishers",
        published_by="Published by",
        language_label="Language",
        languages="Languages",
        feeds="Feeds",
        follow="Follow us",
        days="Day by day",
        day="Archive",
        previous_day="Previous day",
        next_day="Next day",
        articles="Articles: {count}",
        reading="{minutes} min read",
        updated="Updated {when}",
        photo="Photo:",
        source="Source:",
        original="Read the original",
        discuss="Discuss",
        share="Share",
        new_tab="opens in a new tab",
        copy_link="Copy link",
        copied="Link copied",
        copy_failed="The link could not be copied",
        share_with="Share with …",
        email="E-mail",
        sms="SMS",
        more_networks="More networks",
        own_server="Your Mastodon server",
        no_server="This is no server; an example is {example}",
        server_chooser="Continue at joinmastodon.org",
        cancel="Cancel",
        qr_code="QR code",
        qr_of="QR code with the address of this article",
        scroll_up="Scroll Up",
        empty_title="Nothing has been published yet",
        empty_text="The first article is one command away:",
        no_articles="No articles.",
        most_read="Most read",
        most_shared="Most shared",
        not_found_title="Page not found",
        not_found_text="There is nothing at this address. It may have been mistyped, or it may never have existed.",
        error_title="Something went wrong",
        error_text="The page cannot be shown right now. Please try again in a moment.",
        withdrawn_title="Article withdrawn",
        withdrawn_text="This article was withdrawn on {when}.",
        withdrawn_reason="Reason: {reason}",
    ),
    "tr": Wording(
        language="tr",
        direction="ltr",
        comma=", ",
        skip="İçeriğe geç",
        front_page="Ana sayfa",
        latest="Son haberler",
        sections="Bölümler",
        section="Bölüm",
        tag="Etiket",
        tags="Etiketler",
        by="Yazan:",
        byline="İmza",
        bylines="Yazarlar",
        publisher="Yayıncı",
        publishers="Yayıncılar",
        published_by="Yayımlayan:",
        language_label="Dil",
        languages="Diller",
        feeds="Beslemeler",
        follow="Bizi izleyin",
        days="Gün gün",
        day="Arşiv",
        previous_day="Önceki gün",
        next_day="Sonraki gün",
        articles="Haber sayısı: {count}",
        reading="{minutes} dk okuma",
        updated="Güncelleme: {when}",
        photo="Fotoğraf:",
        source="Kaynak:",
        original="Özgün metni okuyun",
        discuss="Tartış",
        share="Paylaş",
        new_tab="yeni sekmede açılır",
        copy_link="Bağlantıyı kopyala",
        copied="Bağlantı kopyalandı",
        copy_failed="Bağlantı kopyalanamadı",
        share_with="Şununla paylaş …",
        email="E-posta",
        sms="SMS",
        more_networks="Diğer ağlar",
        own_server="Mastodon sunucunuz",
        no_server="Bu bir sunucu değil; örnek: {example}",
        server_chooser="joinmastodon.org ile devam et",
        cancel="Vazgeç",
        qr_code="QR kodu",
        qr_of="Bu haberin adresini içeren QR kodu",
        scroll_up="Yukarı Çık",
        empty_title="Henüz yayımlanmış bir haber yok",
        empty_text="İlk haber tek bir komut uzağınızda:",
        no_articles="Haber yok.",
        most_read="En çok okunanlar",
        most_shared="En çok paylaşılanlar",
        not_found_title="Sayfa bulunamadı",
        not_found_text="Bu adreste bir şey yok. Adres yanlış yazılmış ya da hiç var olmamış olabilir.",
        error_title="Bir şeyler ters gitti",
        error_text="Sayfa şu anda gösterilemiyor. Lütfen biraz sonra yeniden deneyin.",
        withdrawn_title="Haber geri çekildi",
        withdrawn_text="Bu haber {when} tarihinde geri çekildi.",
        withdrawn_reason="Gerekçe: {reason}",
    ),
    "ar": Wording(
        language="ar",
        direction="rtl",
        comma="، ",
        skip="انتقل إلى المحتوى",
        front_page="الصفحة الأولى",
        latest="آخر الأخبار",
        sections="الأقسام",
        section="قسم",
        tag="وسم",
        tags="الوسوم",
        by="بقلم",
        byline="الكاتب",
        bylines="الكتّاب",
        publisher="الناشر",
        publishers="الناشرون",
        published_by="نشره",
        language_label="اللغة",
        languages="اللغات",
        feeds="خلاصات",
        follow="تابعونا",
        days="يومًا بيوم",
        day="الأرشيف",
        previous_day="اليوم السابق",
        next_day="اليوم التالي",
        articles="عدد المقالات: {count}",
        reading="مدة القراءة بالدقائق: {minutes}",
        updated="حُدِّث في {when}",
        photo="الصورة:",
        source="المصدر:",
        original="اقرأ النص الأصلي",
        discuss="نقاش",
        share="مشاركة",
        new_tab="يُفتح في علامة تبويب جديدة",
        copy_link="نسخ الرابط",
        copied="نُسخ الرابط",
        copy_failed="تعذّر نسخ الرابط",
        share_with="مشاركة عبر …",
        email="البريد الإلكتروني",
        sms="رسالة قصيرة",
        more_networks="شبكات أخرى",
        own_server="خادم ماستودون الخاص بك",
        no_server="هذا ليس خادمًا؛ مثال: {example}",
        server_chooser="المتابعة عبر joinmastodon.org",
        cancel="إلغاء",
        qr_code="رمز QR",
        qr_of="رمز QR يحمل عنوان هذا المقال",
        scroll_up="إلى الأعلى",
        empty_title="لم يُنشر شيء بعد",
        empty_text="المقال الأول على بُعد أمر واحد:",
        no_articles="لا توجد مقالات.",
        most_read="الأكثر قراءة",
        most_shared="الأكثر مشاركة",
        not_found_title="الصفحة غير موجودة",
        not_found_text="لا يوجد شيء في هذا العنوان. ربما كُتب خطأً، أو لم يكن موجودًا قط.",
        error_title="حدث خطأ ما",
        error_text="يتعذّر عرض الصفحة الآن. يُرجى المحاولة بعد قليل.",
        withdrawn_title="سُحب هذا المقال",
        withdrawn_text="سُحب هذا المقال في {when}.",
        withdrawn_reason="السبب: {reason}",
    ),
    "fa": Wording(
        language="fa",
        direction="rtl",
        comma="، ",
        skip="رفتن به محتوا",
        front_page="صفحهٔ نخست",
        latest="تازه‌ترین خبرها",
        sections="بخش‌ها",
        section="بخش",
        tag="برچسب",
        tags="برچسب‌ها",
        by="نوشتهٔ",
        byline="نویسنده",
        bylines="نویسندگان",
        publisher="ناشر",
        publishers="ناشران",
        published_by="ناشر:",
        language_label="زبان",
        languages="زبان‌ها",
        feeds="خوراک‌ها",
        follow="ما را دنبال کنید",
        days="روز به روز",
        day="بایگانی",
        previous_day="روز پیش",
        next_day="روز بعد",
        articles="شمار مطالب: {count}",
        reading="{minutes} دقیقه مطالعه",
        updated="به‌روزرسانی: {when}",
        photo="عکس:",
        source="منبع:",
        original="متن اصلی را بخوانید",
        discuss="گفت‌وگو",
        share="هم‌رسانی",
        new_tab="در زبانهٔ تازه باز می‌شود",
        copy_link="رونوشت پیوند",
        copied="پیوند رونوشت شد",
        copy_failed="رونوشت پیوند ممکن نشد",
        share_with="هم‌رسانی با …",
        email="ایمیل",
        sms="پیامک",
        more_networks="شبکه‌های دیگر",
        own_server="سرور ماستودون شما",
        no_server="این نشانی سرور نیست؛ نمونه: {example}",
        server_chooser="ادامه از راه joinmastodon.org",
        cancel="انصراف",
        qr_code="کد QR",
        qr_of="کد QR با نشانی این مطلب",
        scroll_up="بازگشت به بالا",
        empty_title="هنوز چیزی منتشر نشده است",
        empty_text="نخستین مطلب تنها یک فرمان با شما فاصله دارد:",
        no_articles="مطلبی نیست.",
        most_read="پرخواننده‌ترین‌ها",
        most_shared="پرهم‌رسانی‌ترین‌ها",
        not_found_title="صفحه پیدا نشد",
        not_found_text="در این نشانی چیزی نیست. شاید نادرست نوشته شده یا هرگز وجود نداشته است.",
        error_title="خطایی رخ داد",
        error_text="اکنون نمی‌توان صفحه را نشان داد. لطفاً کمی بعد دوباره تلاش کنید.",
        withdrawn_title="این مطلب پس گرفته شد",
        withdrawn_text="این مطلب در {when} پس گرفته شد.",
        withdrawn_reason="دلیل: {reason}",
    ),
    "he": Wording(
        language="he",
        direction="rtl",
        comma=", ",
        skip="דילוג לתוכן",
        front_page="עמוד ראשי",
        latest="חדשות אחרונות",
        sections="מדורים",
        section="מדור",
        tag="תגית",
        tags="תגיות",
        by="מאת",
        byline="כתב",
        bylines="כתבים",
        publisher="מוציא לאור",
        publishers="מוציאים לאור",
        published_by="פורסם על ידי",
        language_label="שפה",
        languages="שפות",
        feeds="הזנות",
        follow="עקבו אחרינו",
        days="יום אחר יום",
        day="ארכיון",
        previous_day="היום הקודם",
        next_day="היום הבא",
        articles="מספר כתבות: {count}",
        reading="זמן קריאה בדקות: {minutes}",
        updated="עודכן: {when}",
        photo="צילום:",
        source="מקור:",
        original="לקריאת המקור",
        discuss="דיון",
        share="שיתוף",
        new_tab="נפתח בלשונית חדשה",
        copy_link="העתקת קישור",
        copied="הקישור הועתק",
        copy_failed="לא ניתן להעתיק את הקישור",
        share_with="שיתוף באמצעות …",
        email="דוא״ל",
        sms="SMS",
        more_networks="רשתות נוספות",
        own_server="שרת המסטודון שלך",
        no_server="זה אינו שרת; לדוגמה: {example}",
        server_chooser="המשך דרך joinmastodon.org",
        cancel="ביטול",
        qr_code="קוד QR",
        qr_of="קוד QR עם כתובת הכתבה",
        scroll_up="חזרה למעלה",
        empty_title="עדיין לא פורסם דבר",
        empty_text="הכתבה הראשונה במרחק פקודה אחת:",
        no_articles="אין כתבות.",
        most_read="הנקראות ביותר",
        most_shared="המשותפות ביותר",
        not_found_title="העמוד לא נמצא",
        not_found_text="אין דבר בכתובת זו. ייתכן שהוקלדה בטעות, או שמעולם לא הייתה קיימת.",
        error_title="משהו השתבש",
        error_text="לא ניתן להציג את העמוד כרגע. נסו שוב בעוד רגע.",
        withdrawn_title="הכתבה הוסרה",
        withdrawn_text="כתבה זו הוסרה בתאריך {when}.",
        withdrawn_reason="סיבה: {reason}",
    ),
    "zh": Wording(
        language="zh",
        direction="ltr",
        comma="、",
        skip="跳到正文",
        front_page="首页",
        latest="最新报道",
        sections="栏目",
        section="栏目",
        tag="标签",
        tags="标签",
        by="作者：",
        byline="作者",
        bylines="作者",
        publisher="发布者",
        publishers="发布者",
        published_by="发布者：",
        language_label="语言",
        languages="语言",
        feeds="订阅",
        follow="关注我们",
        days="按日浏览",
        day="存档",
        previous_day="前一天",
        next_day="后一天",
        articles="报道数：{count}",
        reading="阅读约 {minutes} 分钟",
        updated="更新于 {when}",
        photo="图片：",
        source="来源：",
        original="阅读原文",
        discuss="讨论",
        share="分享",
        new_tab="在新标签页中打开",
        copy_link="复制链接",
        copied="链接已复制",
        copy_failed="无法复制链接",
        share_with="分享到……",
        email="电子邮件",
        sms="短信",
        more_networks="更多网络",
        own_server="您的 Mastodon 服务器",
        no_server="这不是服务器；例如 {example}",
        server_chooser="通过 joinmastodon.org 继续",
        cancel="取消",
        qr_code="二维码",
        qr_of="本文网址的二维码",
        scroll_up="回到顶部",
        empty_title="尚未发布任何报道",
        empty_text="只需一条命令，即可发布第一篇报道：",
        no_articles="暂无报道。",
        most_read="阅读最多",
        most_shared="分享最多",
        not_found_title="页面不存在",
        not_found_text="此网址没有内容，可能输入有误，也可能从未存在。",
        error_title="出了点问题",
        error_text="暂时无法显示此页面，请稍后再试。",
        withdrawn_title="报道已撤回",
        withdrawn_text="本报道已于 {when} 撤回。",
        withdrawn_reason="原因：{reason}",
    ),
}


def wording_for(language: str) -> Wording:
    """The words of a BCP 47 tag's language, in English where there are none."""
    return WORDINGS.get(language.split("-")[0].lower(), WORDINGS["en"])


def withdrawal_notice(language: str, reason: str, withdrawn_at_text: str) -> tuple[str, str]:
    """Headline and text that stand in place of a withdrawn article, on its page and in feeds. Plain text."""
    words = wording_for(language)
    text = words.withdrawn_text.format(when=withdrawn_at_text)
    return words.withdrawn_title, f"{text} {words.withdrawn_reason.format(reason=reason)}" if reason else text
