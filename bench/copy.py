"""Articles for measurements: invented from small vocabularies, the same for the same seed, about 3 KB of HTML each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WORDS = {
    "en": "harbour council market river school budget storm museum bridge minister farmer train season report water "
    "energy library doctor election village coast traffic harvest orchestra research".split(),
    "tr": "liman belediye pazar nehir okul bütçe fırtına müze köprü bakan çiftçi tren sezon rapor su enerji kütüphane "
    "doktor seçim köy kıyı trafik hasat orkestra araştırma".split(),
    "ar": "ميناء مجلس سوق نهر مدرسة ميزانية عاصفة متحف جسر وزير مزارع قطار موسم تقرير ماء طاقة مكتبة طبيب انتخابات "
    "قرية ساحل مرور حصاد فرقة بحث".split(),
}
SECTIONS = ("world", "economy", "science", "culture", "sport")
AUTHORS = {
    "en": ("Nora Hill", "James Ward", "Ada Price"),
    "tr": ("Ayşe Yılmaz", "Mehmet Kaya"),
    "ar": ("ليلى حداد", "سامي ناصر"),
}
ZONE = ZoneInfo("Europe/Istanbul")


def article(number: int, published_at: datetime | None = None, *, seed: int = 1) -> dict[str, Any]:
    """One submission; `number` makes it different from every other and is part of its external_id."""
    chance = random.Random(f"{seed}:{number}")
    language = chance.choices(("en", "tr", "ar"), (5, 4, 1))[0]
    words = WORDS[language]

    def sentence() -> str:
        return " ".join(chance.choice(words) for _ in range(chance.randint(8, 18))).capitalize() + "."

    paragraphs = "".join(f"<p>{' '.join(sentence() for _ in range(5))}</p>" for _ in range(5))
    made: dict[str, Any] = {
        "headline": f"{' '.join(chance.sample(words, 5)).capitalize()} {number}",
        "body": paragraphs,
        "language": language,
        "section": chance.choice(SECTIONS),
        "tags": chance.sample(words, 3),
        "bylines": [chance.choice(AUTHORS[language])],
        "external_id": f"bench-{seed}-{number}",
    }
    if published_at:
        made["published_at"] = published_at.isoformat()
    return made


def archive(total: int, latest: dict[date, int], *, years: int = 10) -> Iterator[dict[str, Any]]:
    """An archive: the given numbers on the latest days, the rest spread evenly over the years before them."""
    rest = total - sum(latest.values())
    earliest_shown = min(latest)
    days = [earliest_shown - timedelta(days=back) for back in range(1, years * 365 + 1)]
    each, extra = divmod(rest, len(days))
    plan = {day: each + (place < extra) for place, day in enumerate(days)} | latest
    number = 0
    for day in sorted(plan):
        for place in range(plan[day]):
            number += 1
            minute = place * (9 * 60 - 1) // max(plan[day], 1)
            yield article(number, datetime.combine(day, time(0, 0), ZONE) + timedelta(minutes=minute))
