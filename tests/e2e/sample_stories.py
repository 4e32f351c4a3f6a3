"""Stories for looking at pages: several scripts, long and short, with and without each part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.feed.story import Image, Source, Story, Term
from shared.urls import article_path, urn

NOW = datetime(2018, 4, 20, 17, 50, tzinfo=UTC)

PICTURE = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1600 900">
<defs><linearGradient id="s" x2="0" y2="1">
<stop stop-color="#f3c89b"/><stop offset="1" stop-color="#d98f6f"/></linearGradient>
<linearGradient id="w" x2="0" y2="1">
<stop stop-color="#6f7f8c"/><stop offset="1" stop-color="#28333d"/></linearGradient></defs>
<rect width="1600" height="560" fill="url(#s)"/><circle cx="1130" cy="420" r="90" fill="#fbe6c4"/>
<path d="M0 560V430l150-60 130 50 170-90 190 100 160-50 220 80 200-70 180 60 200-40v150z" fill="#7c5a58"/>
<rect y="555" width="1600" height="345" fill="url(#w)"/>
<g fill="#1d242b"><path d="M300 600h420l-46 76H352z"/>
<path d="M470 600V330h14v270zM490 340l150 240H490zM462 360v220H330z"/>
<path d="M980 640h300l-34 54h-238zM1120 640V470h10v170zM1136 480l96 150h-96z"/></g>
<g stroke="#c9b59a" stroke-width="4" opacity=".5">
<path d="M60 720h240M420 770h360M900 740h180M1180 800h300M140 840h300M700 850h240"/></g></svg>"""

SECTIONS = {
    "world": {"en": "World", "tr": "Dünya", "ar": "العالم", "fa": "جهان", "zh": "国际"},
    "economy": {"en": "Economy", "tr": "Ekonomi", "ar": "اقتصاد", "fa": "اقتصاد", "zh": "经济"},
    "science": {"en": "Science", "tr": "Bilim", "ar": "علوم", "fa": "دانش", "zh": "科学"},
    "culture": {"en": "Culture", "tr": "Kültür", "ar": "ثقافة", "fa": "فرهنگ", "zh": "文化"},
}


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def samples(base_url: str) -> tuple[Story, ...]:
    """Newest first. The first has a picture and every other part; the third is Arabic."""
    made: list[Story] = []

    def add(language: str, section: str, headline: str, summary: str, html: str = "", **values: Any) -> None:
        number = len(made) + 1
        published = values.pop("published_at", NOW - timedelta(minutes=37 * number))
        identity = f"00000000-0000-4000-8000-{number:012d}"
        day = published.date()
        made.append(
            Story(
                id=identity,
                urn=urn(identity),
                url=base_url + article_path(day, f"story-{number}", f"k{number}"),
                headline=headline,
                html=html or paragraphs(summary),
                text=summary,
                summary=summary,
                language=language,
                direction="rtl" if language in ("ar", "fa", "he") else "ltr",
                published_at=published,
                updated_at=values.pop("updated_at", published),
                day=day,
                publisher=Term("courier", "The Courier"),
                section=Term(section, SECTIONS[section].get(language, SECTIONS[section]["en"])),
                **values,
            )
        )

    add(
        "en",
        "world",
        "Harbour reopens after the longest storm closure in forty years",
        "Pilots guided the first eleven ships through the repaired breakwater before dawn, and the fish market "
        "opened an hour later to a queue that reached the tram stop.",
        paragraphs(
            "The harbour reopened on Monday, eighteen days after waves broke the outer wall and put out the "
            "light that has stood on it since 1911. Pilots guided the first eleven ships in before dawn.",
            "“We counted them like children coming home,” said the harbour master, who had slept in her office "
            "since the wall gave way.",
            "Engineers sank <strong>240 concrete blocks</strong> into the gap. A permanent wall will take until "
            'next spring, the port authority said in <a href="https://port.example/plan">a plan published on '
            "Sunday</a>.",
        )
        + "<h2>What comes next</h2>"
        + paragraphs(
            "The ferry to the islands returns on Wednesday with half of its sailings. Insurers expect claims "
            "of about 38 million, most of it for boats that were never meant to meet the open sea."
        )
        + "<blockquote><p>The sea was in the kitchen, and then it was in the photographs.</p></blockquote>"
        + paragraphs("Schools near the quay stay closed for the rest of the week."),
        bylines=(Term("mira-holt", "Mira Holt"), Term("emre-aydin", "Emre Aydın")),
        tags=(Term("harbour", "harbour"), Term("storms", "storms"), Term("ferries", "ferries")),
        dateline="PORT ELWIN",
        image=Image(f"{base_url}/picture.svg", "Two sailing boats at anchor at sunset", "Ada Lindqvist / The Courier"),
        words=412,
        reading_minutes=2,
        published_at=datetime(2016, 2, 16, 18, 50, tzinfo=UTC),
        updated_at=datetime(2016, 2, 16, 20, 5, tzinfo=UTC),
    )
    add(
        "tr",
        "science",
        "Göldeki flamingolar bu yıl üç hafta erken döndü",
        "Araştırmacılar, ılık geçen kışın ardından sayımın 14 bin kuşla rekor kırdığını açıkladı.",
        bylines=(Term("çağla-şahin", "Çağla Şahin"),),
        reading_minutes=3,
    )
    add(
        "ar",
        "culture",
        "مكتبة على ضفة النهر تفتح أبوابها بعد ترميم دام ست سنوات",
        "عاد مئتا ألف كتاب إلى رفوفها، واصطفّ القرّاء منذ الصباح الباكر أمام الباب الخشبي القديم.",
        paragraphs(
            "فتحت المكتبة أبوابها صباح الجمعة أمام القرّاء بعد ترميم دام ست سنوات، وعاد إلى رفوفها مئتا ألف كتاب كانت "
            "محفوظة في ثلاثة مخازن خارج المدينة.",
            "وقالت المديرة إن «القاعة الكبرى بقيت كما رسمها المعماري عام 1926»، وإن الإضاءة الجديدة لا تمسّ الورق.",
            "ويستطيع الزائر أن يطلب كتابًا عبر تطبيق <em>Library Go</em> فيصله إلى مقعده في أقل من 10 دقائق.",
        )
        + "<h2>ما الذي تغيّر؟</h2>"
        + paragraphs("أُضيفت قاعة للأطفال وأخرى للتسجيلات الصوتية، وسيبقى الدخول مجانيًا حتى نهاية الصيف."),
        bylines=(Term("ليلى-حداد", "ليلى حدّاد"),),
        tags=(Term("كتب", "كتب"), Term("ترميم", "ترميم"), Term("city", "City 2030")),
        dateline="القاهرة",
        image=Image(f"{base_url}/picture.svg", "قاربان عند الغروب", "آدا ليندكفيست"),
        reading_minutes=2,
    )
    add(
        "fa",
        "world",
        "قطار شبانه‌روزی میان دو شهر از هفتهٔ آینده به راه می‌افتد",
        "بلیت‌ها از پنج‌شنبه فروخته می‌شود و نخستین سفر ۱۲ ساعت به درازا می‌کشد.",
        bylines=(Term("نیلوفر-راد", "نیلوفر راد"),),
    )
    add(
        "zh",
        "science",
        "山区天文台公布首批夜空图像",
        "新望远镜一夜之间拍摄了四百张照片，研究人员说，其中至少有三颗此前未知的小行星。",
        paragraphs("新望远镜一夜之间拍摄了四百张照片。", "研究人员说，其中至少有三颗此前未知的小行星。"),
        tags=(Term("天文", "天文"),),
    )
    add(
        "en",
        "economy",
        "Bakers count the cost of a wet spring",
        "Flour is up by a fifth since March. Three bakeries on one street have begun to share a single oven.",
        source=Source("Northern Agency", "https://agency.example/feed.rss"),
        canonical_url="https://agency.example/bakers",
    )
    add("en", "culture", "The last projectionist hangs up the keys", "Forty-one years, nine thousand films, one fire.")
    add("tr", "economy", "Zeytin üreticileri ortak değirmen kurdu", "Kooperatife ilk ayda 212 çiftçi katıldı.")
    add("he", "culture", "תערוכה חדשה מחזירה את הכרזות לרחוב", "חמישים כרזות משנות השלושים נתלו על קירות העיר העתיקה.")
    add(
        "en",
        "science",
        "Donaudampfschifffahrtsgesellschaftskapitän: what a forty-letter word does to a narrow column, and why",
        "Typesetters have known the answer for five hundred years. Browsers are learning it.",
    )
    add("ar", "economy", "أسعار القمح تتراجع للأسبوع الرابع", "التجار يتوقعون موسمًا وفيرًا في الشمال.")
    add("en", "world", "Night trains return to the northern line", "Sleeper cars from 1983, repainted and rewired.")
    add("fa", "culture", "نمایشگاه خوشنویسی در خانهٔ قدیمی", "هفتاد اثر از سه نسل در کنار هم.")
    return tuple(made)
