"""Stories and documents for tests of the feed service: several scripts, and the hard cases by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.feed.story import Document, Image, Source, Story, Term
from shared.slices import ALL
from shared.urls import article_path, feed_path, slice_path, urn

BASE = "https://courier.example"
NOON = datetime(2018, 4, 20, 12, 0, 5, tzinfo=UTC)


def article_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def story(number: int = 1, **values: Any) -> Story:
    """One story; a higher number is an older one."""
    published = NOON - timedelta(hours=number)
    slug = values.pop("slug", f"story-{number}")
    given = {
        "id": article_id(number),
        "urn": urn(article_id(number)),
        "url": BASE + article_path(published.date(), slug, f"key{number}"),
        "headline": f"Story {number}",
        "html": f"<p>Body of story {number}.</p>",
        "text": f"Body of story {number}.",
        "summary": f"Summary of story {number}.",
        "language": "en",
        "direction": "ltr",
        "published_at": published,
        "updated_at": published + timedelta(minutes=5),
        "day": published.date(),
        "publisher": Term("courier", "The Courier"),
        "words": 4,
        "reading_minutes": 1,
    }
    return Story(**{**given, **values})


def document(*stories: Story, **values: Any) -> Document:
    given = {
        "title": "The Courier",
        "description": "News in many languages",
        "language": "en",
        "direction": "ltr",
        "home_url": BASE + slice_path(ALL),
        "feed_urls": {name: BASE + feed_path(ALL, name) for name in ("rss", "atom", "json")},
        "changed_at": NOON,
        "publication_name": "The Courier",
        "base_url": BASE,
        "hub_url": f"{BASE}/hub",
        "cloud_url": f"{BASE}/rsscloud/pleaseNotify",
        "stories": stories,
    }
    return Document(**{**given, **values})


ENGLISH = story(
    1,
    slug="harbour-reopens",
    headline="Harbour reopens after storm",
    html='<p>The harbour reopened on <em>Friday</em>.</p><p><a href="https://port.example/?a=1&amp;b=2">Port</a></p>',
    text="The harbour reopened on Friday.\nPort",
    summary="Ships are moving again.",
    bylines=(Term("ana-diaz", "Ana Díaz"), Term("ben-okri", "Ben Okri")),
    section=Term("world", "World"),
    tags=(Term("harbour", "harbour"), Term("climate-change", "climate change")),
    dateline="LISBON",
)
TURKISH = story(
    2,
    slug="istanbul-da-iğde-çiçekleri",
    headline="İstanbul'da iğde çiçekleri erken açtı",
    html="<p>Şehirde ılık bir bahar başladı.</p>",
    text="Şehirde ılık bir bahar başladı.",
    summary="Ilık bahar, erken çiçek.",
    language="tr",
    bylines=(Term("çağla-şahin", "Çağla Şahin"),),
    section=Term("science", "Bilim"),
)
ARABIC = story(
    3,
    slug="افتتاح-مكتبة-جديدة-على-ضفاف-النهر",
    headline="افتتاح مكتبة جديدة على ضفاف النهر",
    html="<p>فتحت المكتبة أبوابها صباح الجمعة أمام القرّاء.</p>",
    text="فتحت المكتبة أبوابها صباح الجمعة أمام القرّاء.",
    summary="مئتا ألف كتاب في قاعات مفتوحة.",
    language="ar",
    direction="rtl",
    bylines=(Term("ليلى-حداد", "ليلى حدّاد"),),
    tags=(Term("كتب", "كتب"),),
)
PERSIAN = story(
    4,
    slug="کتاب‌خانه‌های-تازه",
    headline="کتاب‌خانه‌های تازه در شهر می‌رویند",
    html="<p>این هفته سه کتاب‌خانه گشایش می‌یابد.</p>",
    text="این هفته سه کتاب‌خانه گشایش می‌یابد.",
    summary="سه کتاب‌خانه در یک هفته.",
    language="fa",
    direction="rtl",
    tags=(Term("کتاب‌خانه", "کتاب‌خانه"),),
)
CHINESE = story(
    5,
    slug="新图书馆",
    headline="河畔新图书馆开放",
    html="<p>图书馆周五上午向读者开放。</p>",
    text="图书馆周五上午向读者开放。",
    summary="二十万册图书。",
    language="zh",
)
SYNDICATED = story(
    6,
    headline="Rail link opens",
    bylines=(Term("agency-desk", "Agency Desk"),),
    source=Source("Northern Agency", "https://agency.example/feed.rss"),
    canonical_url="https://agency.example/rail?id=7&lang=en",
    image=Image("https://img.example/rail.jpg?w=1200&h=630", 'A train & the "new" bridge', "Mia Lund / Agency"),
)
SOURCE_WITHOUT_ADDRESS = story(7, headline="Archive find", source=Source("Old Gazette"))
MARKUP_TITLE = story(
    8,
    headline="Why <b>bold</b> & ]]> still matter 👩‍👩‍👧",
    html="<p>In code: <code>a[b[0]]&gt;1</code> and ]]&gt; 👍🏽</p><pre>x ]]> y</pre>",
    text="In code: a[b[0]]>1 and ]]> 👍🏽",
    summary="The &amp; entity, <i>explained</i>",
)
PLAIN_SIGNS = story(9, headline="AT&T: A < B, I <3 RSS & Q&A", summary="R&D < 5 % & rising")
WITHDRAWN = story(
    10,
    headline="This article has been withdrawn",
    html="<p>This article has been withdrawn: the quotation was wrong.</p>",
    text="This article has been withdrawn: the quotation was wrong.",
    summary="This article has been withdrawn: the quotation was wrong.",
    words=0,
    reading_minutes=0,
    withdrawn_at=NOON - timedelta(minutes=3),
    withdrawal_reason="the quotation was wrong",
)

STORIES = (
    ENGLISH,
    TURKISH,
    ARABIC,
    PERSIAN,
    CHINESE,
    SYNDICATED,
    SOURCE_WITHOUT_ADDRESS,
    MARKUP_TITLE,
    PLAIN_SIGNS,
    WITHDRAWN,
)
COURIER = document(*STORIES)
EMPTY = document(title="Nothing yet", description="")


def urls(path: str) -> dict[str, str]:
    """One address in each format; `%s` stands for the format."""
    return {name: f"{BASE}{path}" % name for name in ("rss", "atom", "json")}


LEADING_ON = document(
    ENGLISH,
    links={
        "next": urls("/feed.%s?before=b1"),
        "prev-archive": urls("/2018/04/20/archive.%s"),
        "since": urls("/feed.%s?since=s1"),
    },
)
PAGE = document(
    TURKISH,
    feed_urls=urls("/feed.%s?before=b1"),
    current_urls=urls("/feed.%s"),
    links={"first": urls("/feed.%s"), "next": urls("/feed.%s?before=b2")},
    hub_url="",
    cloud_url="",
)
ARCHIVE = document(
    ENGLISH,
    TURKISH,
    title="20 April 2018 – The Courier",
    feed_urls=urls("/2018/04/20/archive.7.%s"),
    current_urls=urls("/feed.%s"),
    links={"prev-archive": urls("/2018/04/18/archive.%s"), "next-archive": urls("/2018/04/21/archive.%s")},
    is_archive=True,
    hub_url="",
    cloud_url="",
)


def in_bulk(count: int) -> Document:
    """A full feed of `count` stories with bodies of about 3 KB."""
    body = "<p>" + "The harbour reopened on Friday after the storm had passed. " * 50 + "</p>"
    return document(*(replace(ENGLISH, id=article_id(n), urn=urn(article_id(n)), html=body) for n in range(count)))
