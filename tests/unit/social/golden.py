"""Articles with one hard case each, beside the posts expected of them on each network in tests/golden/social.

`python -m tests.unit.social.golden` writes the files anew; a change there is reviewed as a change of behaviour.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.social.article import Article
from services.social.text.template import DEFAULTS
from services.social.text.writing import Style, write
from shared.copyfit import rules

FOLDER = Path(__file__).parents[2] / "golden" / "social"
RULES = {
    "mastodon": rules.mastodon(),
    "bluesky": rules.BLUESKY,
    "telegram": rules.TELEGRAM,
    "telegram-caption": rules.TELEGRAM_CAPTION,
    "discord": rules.DISCORD,
    "slack": rules.SLACK,
    "matrix": rules.MATRIX,
    "x": rules.X,
    "facebook": rules.FACEBOOK,
    "threads": rules.THREADS,
    "linkedin": rules.LINKEDIN,
}
FULL = "{{ emoji }} {{ headline }}\n\n{{ summary }}\n\n{{ bylines }} {{ url }}\n\n{{ hashtags }}"


def article(**changes: Any) -> Article:
    """A short article in English, with changes."""
    values: dict[str, Any] = {
        "id": "0190a1b2-0000-7000-8000-000000000001",
        "url": "https://news.example.com/2026/11/23/council-votes-4f2a",
        "headline": "Council votes for the new bridge",
        "summary": "After ten years of debate the city council has voted to build it.",
        "language": "en",
        "direction": "ltr",
        "section": "City",
        "tags": ("city council", "Bridges"),
        "bylines": ("Ann Lee",),
        "dateline": "LONDON",
        "published_at": datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    }
    return Article(**{**values, **changes})


CASES = {
    "english": article(),
    "english-long": article(
        headline="Council votes for the new bridge after ten years of debate that divided the city, " * 3,
        summary="The vote was close: twelve to eleven. " * 20,
    ),
    "emoji": article(headline="👨‍👩‍👧‍👦🇮🇷👍🏽1️⃣" * 40, summary="🏳️‍🌈 " * 100, tags=("🎉", "2026", "Pride month")),
    "marks": article(headline="Caf\u0065\u0301 e\u0302\u0301 " * 60, summary="Zoe\u0308 said: wait… " * 40),
    "arabic": article(
        url="https://news.example.com/2026/11/23/المجلس-يصوّت-4f2a",
        headline="مُحَمَّد يُعلن أنّ المجلس صوّت لصالح الجسر الجديد، " * 8,
        summary="بعد عشر سنوات من النقاش صوّت مجلس المدينة لصالح بنائه. " * 12,
        language="ar",
        direction="rtl",
        tags=("مجلس المدينة", "جسور", "٢٠٢٦"),
        bylines=("Ann Lee", "سمير نور"),
    ),
    "persian": article(
        url="https://ایران.ir/خبر/پل-تازه?نوع=فوری",
        headline="نخست‌وزیر می‌گوید شورای شهر به ساخت پل تازه رأی داده‌است و کار آغاز می‌شود " * 5,
        summary="پس از ده سال گفت‌وگو شورای شهر به ساختن آن رأی داد. " * 12,
        language="fa-IR",
        direction="rtl",
        tags=("نخست‌وزیر", "شورای شهر"),
        bylines=("سارا نوری",),
    ),
    "hebrew": article(
        headline="מועצת העיר אישרה את הגשר החדש ברוב של צה״ל, " * 8,
        summary="אחרי עשר שנים של ויכוח. " * 30,
        language="he",
        direction="rtl",
        tags=("מועצת העיר", "צה״ל"),
    ),
    "thai": article(
        headline="นายกรัฐมนตรีแถลงนโยบายใหม่ต่อรัฐสภาในวันนี้" * 8,
        summary="สภาเมืองลงมติให้สร้างสะพานใหม่หลังจากถกเถียงกันมาสิบปี" * 10,
        language="th",
        tags=("สภาเมือง", "สะพาน ใหม่"),
    ),
    "hindi": article(
        headline="क्षत्रिय नगर परिषद ने नए पुल के लिए मतदान किया " * 10,
        summary="दस साल की बहस के बाद परिषद ने मतदान किया। " * 15,
        language="hi",
        tags=("नगर परिषद", "पुल"),
    ),
    "chinese": article(
        headline="国务院总理今天在北京宣布了新的经济政策，" * 12,
        summary="经过十年的辩论，市议会投票决定建造这座桥。" * 25,
        language="zh-Hans",
        tags=("经济", "市议会 投票"),
    ),
    "japanese": article(
        headline="東京都知事は記者会見で新しい政策を発表した。" * 12,
        summary="十年にわたる議論の末、市議会は橋の建設を決めた。" * 20,
        language="ja",
        tags=("東京", "東京 オリンピック"),
    ),
    "korean": article(
        headline="서울시 의회는 십 년의 논쟁 끝에 새 다리를 짓기로 했다 " * 8,
        summary="표결은 열둘 대 열하나였다. " * 30,
        language="ko",
        tags=("서울시 의회",),
    ),
    "links-and-entities": article(
        headline="Read https://example.org/a/b?c=d and example.net/e &amp; then AT&T &#8230; " * 6,
        summary="@alice@example.social wrote it at https://example.org/" + "long/" * 30,
    ),
}


def posts(name: str) -> dict[str, list[str]]:
    """By network the post of its default template where something had to give way, and a thread of everything."""
    found = {}
    for network, rule in RULES.items():
        post = write(CASES[name], Style(rule, DEFAULTS[network.partition("-")[0]]))
        if post.shortened or name == "english":
            found[network] = [each.text for each in post.posts]
    for network in ("x", "bluesky", "mastodon"):
        style = Style(RULES[network], FULL, emoji="📰", posts=4)
        found[f"{network}-thread"] = [post.text for post in write(CASES[name], style).posts]
    return found


def posts_file(name: str) -> Path:
    return FOLDER / f"{name}.json"


def written(name: str) -> str:
    return json.dumps(posts(name), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in CASES:
        posts_file(name).write_text(written(name))
