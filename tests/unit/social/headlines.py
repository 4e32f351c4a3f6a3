"""A card for every script that newsrooms write in, and what has to be known of the picture to judge it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from PIL import Image

from shared.cards import HEIGHT, WIDTH, Card

ENGLISH = Card(
    headline="Harbour reopens after the longest winter closure in forty years",
    language="en",
    direction="ltr",
    section="World",
    publication="The Harbour Herald",
    publication_language="en",
    date="20 April 2018 09:00",
    date_language="en",
)


def card(headline: str, language: str = "en", **fields: str) -> Card:
    return replace(ENGLISH, headline=headline, language=language, **fields)


def _rtl(headline: str, language: str, section: str, date: str) -> Card:
    return card(headline, language, direction="rtl", section=section, date=date, date_language=language)


CARDS = {
    "english": ENGLISH,
    "turkish": card("İstanbul Boğazı’nda gemi trafiği yoğun sis nedeniyle çift yönlü durduruldu", "tr"),
    "russian": card("Порт вновь открылся после самой долгой зимней остановки за сорок лет", "ru"),
    "greek": card("Το λιμάνι ανοίγει ξανά μετά τη μεγαλύτερη χειμερινή διακοπή σαράντα ετών", "el"),
    "vietnamese": card("Cảng mở cửa trở lại sau kỳ đóng cửa mùa đông dài nhất trong bốn mươi năm", "vi"),
    "arabic": _rtl("افتتاح الميناء بعد أطول إغلاق شتوي منذ أربعين عامًا", "ar", "العالم", "٢٠ أبريل ٢٠١٨"),
    "persian": _rtl("بندر پس از طولانی‌ترین تعطیلی زمستانی بازگشایی می‌شود", "fa", "جهان", "۲۰ آوریل ۲۰۱۸"),
    "urdu": _rtl("بندرگاہ چالیس سال کی طویل ترین بندش کے بعد دوبارہ کھل گئی", "ur", "دنیا", "20 اپریل، 2018"),
    "hebrew": _rtl("הנמל נפתח מחדש לאחר הסגירה הארוכה ביותר מזה ארבעים שנה", "he", "עולם", "20 באפריל 2018"),
    "mixed": _rtl("شركة OpenAI تطلق GPT-5 في 2025 مع خصم 50% (بيان رسمي)", "ar", "", "٢٠ أبريل ٢٠١٨"),
    "quoting": card("Minister says “السلام عليكم” to שלום crowd in 東京, Αθήνα and Київ"),
    "thai": card("ท่าเรือเปิดอีกครั้งหลังปิดฤดูหนาวนานที่สุดในรอบสี่สิบปี ผู้โดยสารกลับมาใช้บริการอย่างคึกคัก", "th"),
    "khmer": card("កំពង់ផែបើកឡើងវិញបន្ទាប់ពីការបិទរដូវរងាយូរបំផុតក្នុងរយៈពេលសែសិបឆ្នាំ", "km"),
    "burmese": card("ဆိပ်ကမ်း နှစ်လေးဆယ်အတွင်း အရှည်ကြာဆုံး ပိတ်ပြီးနောက် ပြန်ဖွင့်", "my"),
    "hindi": card("चालीस वर्षों में सबसे लंबी शीतकालीन बंदी के बाद बंदरगाह फिर से खुला", "hi", date="20 अप्रैल 2018"),
    "bengali": card("চল্লিশ বছরের দীর্ঘতম শীতকালীন বন্ধের পর বন্দর আবার খুলল", "bn"),
    "tamil": card("நாற்பது ஆண்டுகளில் மிக நீண்ட மூடலுக்குப் பிறகு துறைமுகம் மீண்டும் திறப்பு", "ta"),
    "amharic": card("ወደቡ ከአርባ ዓመታት ወዲህ ረጅሙ የክረምት መዘጋት በኋላ እንደገና ተከፈተ", "am"),
    "georgian": card("ნავსადგური ორმოცი წლის განმავლობაში ყველაზე ხანგრძლივი დახურვის შემდეგ გაიხსნა", "ka"),
    "chinese": card("港口在四十年来最长的冬季关闭后重新开放，船只重返码头，旅客纷纷返回", "zh", date="2018年4月20日"),
    "taiwanese": card("港口在四十年來最長的冬季關閉後重新開放，「船隻」重返碼頭", "zh-TW", date="2018年4月20日"),
    "japanese": card("港湾、四十年で最長の冬季閉鎖を経て再開　船舶が埠頭に戻る「旅客も続々」", "ja", section="国際"),
    "korean": card("40년 만에 가장 긴 겨울 폐쇄 끝에 항구가 다시 문을 열었다", "ko", date="2018년 4월 20일"),
    "emoji": card("Team wins 🏆 flags 🇹🇷 family 👨‍👩‍👧 keys 1️⃣ and ✅"),
    "one letter": card("W"),
    "one long word": card("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte tagen", "de"),
    "one endless word": card("W" * 10_000),
    "10,000 letters": card("Parliament votes again " * 435),
    "10,000 letters without spaces": card("港湾、四十年で最長の冬季閉鎖を経て再開" * 500, "ja"),
    "endless names": card("War", publication="Very " * 200, section="Section" * 100, date="20 April " * 50),
}

Box = tuple[int, int, int, int]  # left, top, right, bottom


class Picture:
    """A card as it is seen."""

    def __init__(self, png: bytes) -> None:
        opened = Image.open(BytesIO(png))
        assert opened.format == "PNG"
        self.size = opened.size
        grey = opened.convert("L")
        paper = grey.getpixel((0, 0))
        assert isinstance(paper, int)
        self._dark = grey.point([255 if value < paper - 40 else 0 for value in range(256)])

    def ink(self, top: int = 0, bottom: int = HEIGHT) -> Box | None:
        """The box around everything between these rows that is not paper; None when there is nothing."""
        found = self._dark.crop((0, top, WIDTH, bottom)).getbbox()
        return found and (found[0], found[1] + top, found[2], found[3] + top)

    def lines(self, top: int, bottom: int) -> Iterator[Box]:
        """The boxes of what stands between these rows, parted by rows without ink."""
        begun = None
        for row in range(top, bottom + 1):
            has_ink = row < bottom and self.ink(row, row + 1) is not None
            if has_ink and begun is None:
                begun = row
            elif not has_ink and begun is not None:
                found = self.ink(begun, row)
                assert found
                yield found
                begun = None
