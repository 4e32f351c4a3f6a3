import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from services.feed.assets import CONTENT_SECURITY_POLICY, static_files, static_path
from services.feed.card import open_graph_locale, script_safe
from services.feed.directory import Listed
from services.feed.discussion import Discussion
from services.feed.formats import page as pages
from services.feed.masthead import compose
from services.feed.share import ShareLink
from services.feed.story import Image, Source, Term
from services.feed.translations import Variant
from services.feed.wording import WORDINGS, withdrawal_notice, wording_for
from shared.localised import date_line
from shared.publication import MastheadLine, Profile, Publication, Section
from shared.slices import Slice, day_slice
from tests.unit.feed.stories import ARABIC, BASE, ENGLISH, PERSIAN, STORIES, SYNDICATED, TURKISH, WITHDRAWN

TODAY = date(2018, 4, 20)
COUNTS = {date(2018, 4, 20): 39, date(2018, 4, 19): 40}
COURIER = Publication(
    name="The Courier & Sons",
    description="News in many languages",
    base_url=BASE,
    zone="Europe/Istanbul",
    languages=("en", "tr", "ar"),
    imprint="1 Quay Street",
    sections=(Section(slug="world", name={"en": "World", "ar": "العالم"}),),
    profiles=(Profile(name="Facebook", url="https://social.example/courier"),),
)
MASTHEAD = compose(COURIER, TODAY, COUNTS, 136_743)
FRAME = pages.make_frame(COURIER, MASTHEAD)
VARIANTS = tuple(
    Variant(each.urn, urlsplit(each.url).path, each.language, each is ENGLISH) for each in (ENGLISH, TURKISH, ARABIC)
)
FEEDS = pages.FeedsView(
    FRAME,
    {
        "tag": [Listed(Slice("tag", f"tag-{number}"), f"Tag <{number}>", 200 - number) for number in range(150)],
        "language": [Listed(Slice("language", "ar"), "العربية", 1234)],
        "byline": [],
    },
)
LINKS = (ShareLink("whatsapp", "WhatsApp"), ShareLink("email", "E-mail", is_page=False))


def parse(content):
    """The document, by a parser that reports what is wrong with it."""
    parser = html.HTMLParser(encoding="utf-8", recover=True)
    root = html.document_fromstring(content, parser=parser)
    # libxml2 knows HTML 4: it calls newer elements invalid, and nothing else may be wrong.
    faults = [error for error in parser.error_log if "invalid" not in error.message]
    assert faults == []
    return root


def text_of(element):
    return " ".join(element.text_content().split())


def article(story, frame=None, links=LINKS):
    return parse(
        pages.article_page(pages.ArticleView(frame or pages.article_frame(COURIER, MASTHEAD, story), story, links))
    )


def front(*stories, frame=FRAME):
    return parse(pages.front_page(pages.FrontView(frame, stories)))


def one(root, selector):
    (found,) = root.cssselect(selector) if not selector.startswith("/") else root.xpath(selector)
    return found


def every_page():
    world = Slice("section", "world")
    yield pages.front_page(pages.FrontView(FRAME, STORIES))
    yield pages.front_page(pages.FrontView(FRAME, ()))
    yield pages.slice_page(pages.SliceView(pages.make_frame(COURIER, MASTHEAD, world), world, "World", STORIES, 10))
    yield pages.slice_page(pages.SliceView(FRAME, Slice("language", "ar"), "العربية", (), 0))
    yield pages.day_page(pages.DayView(FRAME, TODAY, STORIES, date(2018, 4, 19)))
    yield pages.withdrawn_page(FRAME, WITHDRAWN)
    yield pages.feeds_page(FEEDS)
    yield pages.not_found_page(FRAME)
    yield pages.error_page(pages.make_frame(COURIER, None), "request-1")
    for story in STORIES:
        yield pages.article_page(pages.ArticleView(pages.article_frame(COURIER, MASTHEAD, story), story, LINKS))


def test_every_page_is_well_formed_and_the_same_each_time():
    once, again = list(every_page()), list(every_page())
    assert once == again
    for content in once:
        root = parse(content)
        assert content.startswith(b"<!DOCTYPE html>")
        assert root.get("lang") and root.get("dir") in ("ltr", "rtl")
        assert len(root.cssselect("h1")) == 1
        ids = root.xpath("//@id")
        assert len(ids) == len(set(ids))


def test_no_page_needs_anything_inline_or_from_elsewhere():
    for content in every_page():
        root = parse(content)
        assert not root.xpath("//style | //@style | //*[@*[starts-with(name(), 'on')]]")
        assert not root.xpath("//script[not(@src) and not(@type='application/ld+json')]")
        loaded = root.xpath("//script/@src | //link[@rel='stylesheet' or @rel='icon']/@href")
        assert loaded and all(path in static_files() for path in loaded)


def test_the_masthead_element_reads_exactly_as_the_line():
    for root in (front(ENGLISH), article(ARABIC), parse(pages.not_found_page(FRAME))):
        line = one(root, ".masthead-line")
        assert text_of(line) == MASTHEAD.text
        assert (line.get("lang"), line.get("dir")) == ("en", "ltr")
        assert line.xpath("a/@href") == [f"/2018/04/{day}/" for day in (20, 19, 18, 17, 16)]


@pytest.mark.parametrize("language", ["tr", "ar", "fa", "he", "zh", "ru", "fr", "de", "th"])
def test_the_masthead_element_reads_as_the_line_in_every_first_language(language):
    publication = COURIER.model_copy(
        update={"languages": (language,), "masthead": MastheadLine(calendars=("gregorian", "persian", "hebrew"))}
    )
    masthead = compose(publication, TODAY, COUNTS, 136_743)
    root = front(ENGLISH, frame=pages.make_frame(publication, masthead))
    assert text_of(one(root, ".masthead-line")) == " ".join(masthead.text.split())
    assert one(root, ".masthead-line").get("lang") == root.get("lang") == language


def test_an_article_has_its_parts_in_the_order_of_the_page_that_started_the_project():
    story = replace(ENGLISH, image=SYNDICATED.image, canonical_url=SYNDICATED.canonical_url)
    root = article(story)
    parts = [
        ".nameplate",
        ".masthead-line",
        ".profiles",
        "h1.headline",
        ".article-head .date-line",
        ".byline",
        ".dateline",
        "div.body",
        ".original",
        ".tags",
        ".share",
        ".to-top",
    ]
    order = list(root.iter())
    assert sorted(parts, key=lambda part: order.index(one(root, part))) == parts


def test_the_date_line_is_in_the_publications_zone_and_the_articles_language():
    published = datetime(2016, 2, 16, 18, 50, tzinfo=UTC)
    for story, line, language in (
        (ENGLISH, "16 February 2016 20:50", "en"),
        (TURKISH, "16 Şubat 2016 20:50", "tr"),
        (PERSIAN, "16 February 2016 20:50", "en"),
    ):
        time = one(article(replace(story, published_at=published)), ".article-head time")
        assert (text_of(time), time.get("lang"), time.get("datetime")) == (line, language, "2016-02-16T20:50:00+02:00")


def test_a_story_carries_its_own_language_and_direction_wherever_it_stands():
    root = front(ENGLISH, ARABIC, TURKISH)
    stories = root.cssselect("article")
    assert [(each.get("lang"), each.get("dir")) for each in stories] == [("en", "ltr"), ("ar", "rtl"), ("tr", "ltr")]
    assert (root.get("lang"), root.get("dir")) == ("en", "ltr")
    page = article(ARABIC)
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert text_of(one(page, ".menu")) == "العالم"
    assert text_of(one(page, ".byline")) == "بقلم ليلى حدّاد"


def test_words_that_are_not_in_the_pages_language_say_which_they_are_in():
    german = replace(ENGLISH, language="de", headline="Hafen wieder offen")
    root = article(german)
    assert root.get("lang") == "de"
    for selector in (".skip", "footer.foot", ".share", ".byline span"):
        assert (one(root, selector).get("lang"), one(root, selector).get("dir")) == ("en", "ltr")
    assert one(article(TURKISH), "footer.foot").get("lang") is None


def test_the_day_page_lists_exactly_the_days_articles():
    day = pages.make_frame(COURIER, MASTHEAD, day_slice(TODAY))
    root = parse(pages.day_page(pages.DayView(day, TODAY, STORIES, date(2018, 4, 19), None)))
    links = root.xpath("//article//*[contains(@class, 'headline')]/a/@href")
    assert links == [story.url.removeprefix(BASE) for story in STORIES]
    assert text_of(one(root, "h1")) == "20 April 2018"
    assert root.xpath("//*[@class='turn']/a/@href") == ["/2018/04/19/"]


def test_a_slice_page_is_headed_by_its_kind_and_name():
    view = pages.SliceView(FRAME, Slice("byline", "ana-diaz"), "Ana Díaz", (ENGLISH,), 1_204)
    root = parse(pages.slice_page(view))
    assert text_of(one(root, ".list-head")) == "Byline Ana Díaz Articles: 1,204"
    arabic = pages.SliceView(FRAME, Slice("language", "ar"), "العربية", (), 0)
    heading = one(parse(pages.slice_page(arabic)), "h1")
    assert (heading.get("lang"), heading.get("dir")) == ("ar", "rtl")


def test_an_empty_front_page_says_how_to_submit_the_first_article():
    assert "masthead submit article.json" in one(front(), ".command").text_content()


def test_feeds_of_the_section_and_of_the_publication_are_announced():
    alternates = [link for link in article(ENGLISH).xpath("//link[@rel='alternate']") if "feed" in link.get("href", "")]
    assert [(link.get("type"), link.get("href")) for link in alternates] == [
        (media_type, f"{BASE}{place}feed.{ending}")
        for place in ("/sections/world/", "/")
        for media_type, ending in (
            ("application/rss+xml", "rss"),
            ("application/atom+xml", "atom"),
            ("application/feed+json", "json"),
        )
    ]
    assert alternates[0].get("title") == "The Courier & Sons: World (RSS)"
    assert len(front().xpath("//link[@rel='alternate']")) == 3


def test_syndicated_copy_names_its_original_as_canonical():
    root = article(SYNDICATED)
    assert root.xpath("//link[@rel='canonical']/@href") == [SYNDICATED.canonical_url]
    assert one(root, ".original").get("href") == SYNDICATED.canonical_url
    assert one(root, ".source a:first-of-type").get("href") == "https://agency.example/feed.rss"
    assert article(ENGLISH).xpath("//link[@rel='canonical']/@href") == [ENGLISH.url]


def test_the_card_has_one_set_of_open_graph_and_json_ld():
    root = article(replace(SYNDICATED, section=Term("world", "World"), tags=(Term("rail", "rail"),)))
    graph = [(meta.get("property"), meta.get("content")) for meta in root.xpath("//meta[@property]")]
    named = dict(graph)
    assert len([name for name, _ in graph if name == "og:title"]) == 1
    assert named["og:type"] == "article"
    assert named["og:url"] == SYNDICATED.url
    assert named["og:image:alt"] == 'A train & the "new" bridge'
    assert named["og:locale"] == "en_US"
    assert named["article:section"] == "World"
    assert root.xpath("//meta[@name='twitter:card']/@content") == ["summary_large_image"]
    found = json.loads(one(root, "//script[@type='application/ld+json']").text)
    assert found["@type"] == "NewsArticle"
    assert found["headline"] == SYNDICATED.headline
    assert found["author"] == [{"@type": "Person", "name": "Agency Desk", "url": f"{BASE}/bylines/agency-desk/"}]
    assert datetime.fromisoformat(found["datePublished"]) == SYNDICATED.published_at
    assert found["@id"] == found["identifier"] == SYNDICATED.urn
    assert found["mainEntityOfPage"] == {"@type": "WebPage", "@id": SYNDICATED.url}
    assert (found["inLanguage"], found["articleSection"], found["keywords"]) == ("en", "World", ["rail"])
    assert found["description"] == SYNDICATED.summary
    assert (found["isBasedOn"], found["creditText"]) == (SYNDICATED.canonical_url, "Northern Agency")
    assert found["isAccessibleForFree"] is True and found["wordCount"] == SYNDICATED.words
    assert found["publisher"]["@type"] == "NewsMediaOrganization"
    assert found["image"] == [
        {
            "@type": "ImageObject",
            "url": SYNDICATED.image.url,
            "caption": SYNDICATED.image.alt,
            "creditText": SYNDICATED.image.credit,
        }
    ]
    assert "translationOfWork" not in found and "workTranslation" not in found


def test_an_article_without_a_picture_shows_its_card():
    root = article(replace(ENGLISH, image=None, card="0123456789-0123456789abcdef"))
    url = f"{BASE}/cards/0123456789-0123456789abcdef.png"
    graph = {meta.get("property"): meta.get("content") for meta in root.xpath("//meta[@property]")}
    assert {name: value for name, value in graph.items() if name.startswith("og:image")} == {
        "og:image": url,
        "og:image:type": "image/png",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": ENGLISH.headline,
    }
    assert root.xpath("//meta[@name='twitter:card']/@content") == ["summary_large_image"]
    found = json.loads(one(root, "//script[@type='application/ld+json']").text)
    assert found["image"] == [{"@type": "ImageObject", "url": url, "width": 1200, "height": 630}]
    assert root.cssselect(".lead") == [], "readers have the headline itself"


def with_variants(story):
    view = pages.ArticleView(pages.article_frame(COURIER, MASTHEAD, story), story, variants=VARIANTS)
    return parse(pages.article_page(view))


def test_variants_are_named_to_readers_and_to_machines():
    root = with_variants(TURKISH)
    links = [(link.get("hreflang"), link.get("href")) for link in root.xpath("//link[@hreflang]")]
    assert links == [("en", ENGLISH.url), ("tr", TURKISH.url), ("ar", ARABIC.url), ("x-default", ENGLISH.url)]
    shown = [(link.get("hreflang"), link.get("lang"), text_of(link)) for link in root.cssselect(".variants a")]
    assert shown == [("en", "en", "English"), ("ar", "ar", "العربية")]
    assert root.xpath("//meta[@property='og:locale:alternate']/@content") == ["en_US", "ar_EG"]
    assert article(TURKISH).cssselect(".variants") == []


def test_json_ld_leads_to_the_original_and_from_it_to_its_translations():
    turkish, english = (
        json.loads(one(with_variants(story), "//script[@type='application/ld+json']").text)
        for story in (TURKISH, ENGLISH)
    )
    assert turkish["translationOfWork"]["@id"] == ENGLISH.urn and "workTranslation" not in turkish
    assert [each["inLanguage"] for each in english["workTranslation"]] == ["tr", "ar"]
    assert english["workTranslation"][0]["url"] == TURKISH.url and "translationOfWork" not in english


def test_posts_about_an_article_are_linked_and_named_in_every_language():
    discussions = (
        Discussion("Mastodon", "https://social.example/@courier/1?a=1&b=2"),
        Discussion("Telegram (صحيفة)", "https://t.me/courier/2"),
    )
    for story in (ENGLISH, TURKISH, ARABIC, PERSIAN):
        view = pages.ArticleView(pages.article_frame(COURIER, MASTHEAD, story), story, discussions=discussions)
        root = parse(pages.article_page(view))
        words = wording_for(story.language)
        assert text_of(one(root, "#discuss")) == words.discuss
        links = root.cssselect(".discuss a")
        assert [(link.get("href"), text_of(link)) for link in links] == [(each.url, each.label) for each in discussions]
        assert [link.get("aria-label") for link in links] == [f"{words.discuss}: {each.label}" for each in discussions]
        assert {link.get("rel") for link in links} == {"syndication noopener"}
        data = json.loads(one(root, "//script[@type='application/ld+json']").text)
        assert data["discussionUrl"] == [each.url for each in discussions]
    assert article(ENGLISH).cssselect(".discuss") == []


def test_other_forms_of_an_article_are_announced():
    links = article(ENGLISH).xpath("//link[@rel='alternate'][@type]")
    forms = {link.get("type"): link.get("href") for link in links if "feed." not in link.get("href")}
    asked = f"{BASE}/oembed?url={quote(ENGLISH.url, safe='')}&format="
    assert forms == {
        "text/plain": f"{ENGLISH.url}.txt",
        "text/markdown": f"{ENGLISH.url}.md",
        "application/json+oembed": f"{asked}json",
        "text/xml+oembed": f"{asked}xml",
    }


def test_a_change_is_shown_once_it_reads_as_another_time():
    seconds, hour = timedelta(seconds=20), timedelta(hours=1)
    published = datetime(2018, 4, 20, 9, 0, 5, tzinfo=UTC)
    story = replace(ENGLISH, published_at=published)
    assert article(replace(story, updated_at=published + seconds)).cssselect(".updated") == []
    updated = one(article(replace(story, updated_at=published + hour)), ".updated")
    assert text_of(updated) == "Updated 20 April 2018 13:00"


def test_pictures_are_described_credited_and_ask_for_little():
    figure = one(article(SYNDICATED), "figure")
    picture = one(figure, "img")
    assert (picture.get("alt"), picture.get("loading")) == ('A train & the "new" bridge', "lazy")
    assert picture.get("referrerpolicy") == "no-referrer"
    assert text_of(one(figure, "figcaption")) == "Photo: Mia Lund / Agency"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", " https://x"])
def test_only_web_addresses_become_links_and_pictures(address):
    story = replace(ENGLISH, image=Image(address), source=Source("Wire", address), canonical_url=address)
    root = article(story)
    assert address not in root.xpath("//@href | //img/@src")
    assert root.cssselect("figure") == []


def test_the_withdrawal_notice_stands_alone_and_is_not_indexed():
    root = parse(pages.withdrawn_page(FRAME, WITHDRAWN))
    assert text_of(one(root, "main")) == f"{WITHDRAWN.headline} {WITHDRAWN.text}"
    assert root.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert root.xpath("//link[@rel='canonical'] | //script | //meta[@property]") == []


def test_an_error_page_stands_without_a_masthead_and_names_its_reference():
    root = parse(pages.error_page(pages.make_frame(COURIER, None), "request-1"))
    assert root.cssselect(".masthead-line") == []
    assert "request-1" in text_of(one(root, "main"))


def test_a_publication_below_its_hosts_root_links_below_it():
    publication = COURIER.model_copy(update={"base_url": "https://example.org/news"})
    story = replace(ENGLISH, url="https://example.org/news/2018/04/20/harbour-k1")
    root = front(story, frame=pages.make_frame(publication, MASTHEAD))
    own = [path for path in root.xpath("//@href") if path.startswith("/")]
    assert own and all(path.startswith("/news/") for path in own)
    assert "/news/2018/04/20/harbour-k1" in own


MARKUP = [
    *("<", ">", "&", '"', "'", "`", "=", "/", "</script>", "<!--", "-->", "]]>", "<img/src=x/onerror=x>", "</title>"),
    *("</template>", "{{7*7}}", "{%raw%}", "&lt;", "&#x3c;", "javascript:", "\u2028", "\u2029", "\u202e", "ا", "字"),
]
HOSTILE = st.lists(
    st.sampled_from(MARKUP) | st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=5),
    min_size=1,
    max_size=8,
).map("".join)


def skeleton(content):
    """Element names and attribute names in order: what escaped text could never change."""
    return [(each.tag, tuple(each.keys())) for each in parse(content).iter() if isinstance(each.tag, str)]


def hostile_pages(text):
    story = replace(
        ENGLISH,
        headline=text,
        summary=text,
        bylines=(Term("a", text),),
        section=Term("b", text),
        tags=(Term("c", text),),
        dateline=text,
        source=Source(text),
        image=Image("https://img.example/a.jpg", text, text),
        publisher=Term("d", text),
    )
    frame = pages.make_frame(COURIER, MASTHEAD, Slice("tag", "c"), label=text)
    discussions = (Discussion(text, f"https://social.example/{quote(text)}"),)
    article_view = pages.ArticleView(pages.article_frame(COURIER, MASTHEAD, story), story, LINKS, (), discussions)
    yield pages.article_page(article_view)
    yield pages.front_page(pages.FrontView(FRAME, (story,)))
    yield pages.slice_page(pages.SliceView(frame, Slice("tag", "c"), text, (story,), 1))


PLAIN = [skeleton(content) for content in hostile_pages("plain")]


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_hostile_text_never_breaks_out(text):
    rendered = list(hostile_pages(text))
    assert [skeleton(content) for content in rendered] == PLAIN
    root = parse(rendered[0])
    headline = one(root, "h1.headline").text_content()
    assert headline == text
    assert one(root, "//meta[@property='og:title']").get("content") == text
    assert json.loads(one(root, "//script[@type='application/ld+json']").text)["headline"] == text


def test_json_in_a_script_holds_no_letter_that_could_end_it():
    value = {"a": "</script><!-- & \u2028\u2029"}
    written = script_safe(value)
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == value


@pytest.mark.parametrize(
    ("language", "locale"),
    [("en", "en_US"), ("tr", "tr_TR"), ("ar", "ar_EG"), ("pt-BR", "pt_BR"), ("zh-Hant", "zh_CN")],
)
def test_open_graph_locales_have_a_territory(language, locale):
    assert open_graph_locale(language) == locale


def test_static_files_are_named_by_their_content():
    assert {path.rpartition(".")[2] for path in static_files()} == {"css", "js", "svg"}
    for name in ("masthead.css", "masthead.js", "masthead.svg"):
        media_type, content = static_files()[static_path(name)]
        assert re.fullmatch(r"/static/masthead\.[0-9a-f]{12}\.(css|js|svg)", static_path(name))
        assert media_type and content


def test_the_policy_allows_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_every_wording_keeps_the_places_of_its_values():
    english = WORDINGS["en"]
    for language, words in WORDINGS.items():
        assert words.language == language
        for name, pattern in vars(english).items():
            assert re.findall(r"{\w+}", getattr(words, name)) == re.findall(r"{\w+}", pattern), (language, name)
            assert getattr(words, name).strip(), (language, name)


@pytest.mark.parametrize("language", [*WORDINGS, "xx"])
def test_a_withdrawal_notice_says_when_and_why(language):
    when = date_line(datetime(2018, 4, 20, 9, tzinfo=UTC), COURIER, language)
    headline, text = withdrawal_notice(language, "the quotation was wrong", when)
    assert headline == wording_for(language).withdrawn_title
    assert when in text and text.endswith("the quotation was wrong")
    assert withdrawal_notice(language, "", when)[1] == wording_for(language).withdrawn_text.format(when=when)


def test_the_page_of_feeds_links_the_largest_of_each_kind_in_every_format():
    root = parse(pages.feeds_page(FEEDS))
    assert [each.text_content() for each in root.cssselect(".feed-lists h2")] == ["Languages", "Tags"]
    tags = root.cssselect(".feed-lists section:last-child li")
    assert len(tags) == 100
    assert text_of(tags[0]) == "Tag <0> (200) RSS Atom JSON Feed"
    assert tags[0].xpath(".//a/@href") == [
        "/tags/tag-0/",
        *(f"/tags/tag-0/feed.{end}" for end in ("rss", "atom", "json")),
    ]
    language = root.xpath("//a[@href='/languages/ar/']")[-1]
    assert (language.get("lang"), language.get("dir")) == ("ar", "rtl")
    assert root.xpath("//main//a[@href='/feeds.opml']")
