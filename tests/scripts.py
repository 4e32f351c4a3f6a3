"""Text for Hypothesis, made of what breaks counting and cutting."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    *"a Z é . , ! ( ) ' \" & # @ / - _ … — 1 🎉 例 が ア 한 ا م ש ท ค क ি ् 中 ﷺ Ａ".split(" "),
    " ", "  ", "\n", "\t", "\u00a0", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2068", "\u2069", "\u202e",
    "e\u0301", "\u0301", "\ufe0f", "\u20e3", "مُحَمَّد", "می‌رود", "שָׁלוֹם", "สวัสดี", "क्षत्रिय", "ক্ষ", "தமிழ்", "각",
    "👨‍👩‍👧‍👦", "👍🏽", "🇮🇷", "🇩", "1️⃣", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "&amp;", "&#8230;", "&#x27;", "AT&T", "#tag",
    "@bob@example.social",
    "https://example.com/a/b?c=d", "https://example.com/خبر", "http://例え.jp/新闻", "example.org", "https://", "www.",
    "The council voted", "国务院总理今天宣布", "今日は良い天気です。", "نخست‌وزیر می‌گوید", "นายกรัฐมนตรีแถลง",
    "हिन्दी समाचार",
)  # fmt: skip

TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=80).map("".join)
