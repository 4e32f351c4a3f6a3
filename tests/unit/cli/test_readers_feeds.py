"""RSS and Atom as sites really publish them."""

from __future__ import annotations

import pytest

from services.cli.readers import sniff
from services.cli.readers.items import Found, Refusal
from tests.unit.cli.reading import fields, kinds, only, read, refusal

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)


def rss(item: str, channel: str = "<language>en-gb</language>") -> str:
    head = f"<title>Island News</title><link>https://island.example/</link>{channel}"
    return f'<rss version="2.0" {NAMESPACES}><channel>{head}<item>{item}</item></channel></rss>'


def atom(entry: str, feed: str = "") -> str:
    head = f'<title>Island News</title><link href="https://island.example/"/><id>tag:island.example,2018:1</id>{feed}'
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">{head}<entry>{entry}</entry></feed>'


TITLE = "<title>T</title><description>D.</description>"


def test_an_rss_item_with_everything() -> None:
    item = """
      <title>Boats &amp;amp; tides</title><link>https://island.example/boats</link>
      <description>&lt;p&gt;A &lt;b&gt;short&lt;/b&gt; text.&lt;/p&gt;</description>
      <content:encoded><![CDATA[<p>The long text.</p>]]></content:encoded>
      <dc:creator>Ada Byron</dc:creator><dc:creator>Ben Ode</dc:creator>
      <category>Sea</category><category domain="x">Economy</category><category>Sea</category>
      <guid isPermaLink="false">urn:island:7</guid><pubDate>Fri, 20 Apr 2018 09:30:00 +0300</pubDate>
      <media:content url="https://island.example/small.jpg" width="100" medium="image"/>
      <media:content url="https://island.example/large.jpg" width="900" medium="image">
        <media:credit>Cleo</media:credit><media:description>A boat</media:description>
      </media:content>
      <enclosure url="https://island.example/sound.mp3" type="audio/mpeg" length="1"/>"""
    assert sniff("x", rss(item).encode()).format == "RSS or Atom"
    found = only(rss(item))
    assert found.notes == ()
    assert found.submission == {
        "headline": "Boats & tides",
        "body": "<p>The long text.</p>",
        "body_format": "html",
        "summary": "A short text.",
        "language": "en-gb",
        "bylines": ["Ada Byron", "Ben Ode"],
        "section": "economy",
        "tags": ["Sea", "Economy"],
        "canonical_url": "https://island.example/boats",
        "source": {"name": "Island News", "url": "https://island.example/"},
        "external_id": "urn:island:7",
        "published_at": "2018-04-20T09:30:00+03:00",
        "image": {"url": "https://island.example/large.jpg", "alt": "A boat", "credit": "Cleo"},
    }


def test_a_description_alone_is_the_body() -> None:
    found = fields(rss("<title>T</title><description>Plain words, no tags.</description>"))
    assert (found["body"], found["body_format"]) == ("Plain words, no tags.", "text")
    assert "summary" not in found


def test_an_item_with_nothing_but_a_title_is_still_an_article() -> None:
    pixel = "&lt;img src='https://count.example/p.gif' width='1' height='1'/&gt;"
    for description in ("", "<description></description>", f"<description>{pixel}</description>"):
        item = only(rss(f"<title>Only a title</title>{description}<guid>a:1</guid>"))
        assert (item.submission["headline"], item.submission["body"]) == ("Only a title", "Only a title")
        assert "has no text; its headline stands for it" in item.notes


def test_an_item_without_a_title_gets_its_first_sentence() -> None:
    item = only(rss("<description>&lt;p&gt;The tide was &lt;i&gt;high&lt;/i&gt;. Nobody saw.&lt;/p&gt;</description>"))
    assert item.submission["headline"] == "The tide was high."
    assert "has no headline; its first sentence is made one" in item.notes


def test_an_item_with_neither_is_refused() -> None:
    assert refusal(rss("<link>https://island.example/x</link>")) == ("has neither a headline nor text", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A &lt;b&gt;bold&lt;/b&gt; move", "A bold move"),
        ("<![CDATA[Fish &amp; chips]]>", "Fish & chips"),
        ("AT&amp;T buys it", "AT&T buys it"),
        ("5 &lt; 7 &gt; 2", "5 < 7 > 2"),
        ("Caf&#233; &amp;eacute;tude", "Café étude"),
        ("  two\n   lines ", "two lines"),
        ("<b xmlns=''>marked</b> up", "marked up"),
        ("&amp;#8216;Quoted&amp;#8217;", "‘Quoted’"),
    ],
)
def test_html_in_titles_is_read_as_text(written: str, meant: str) -> None:
    assert fields(rss(f"<title>{written}</title><description>D.</description>"))["headline"] == meant


@pytest.mark.parametrize(
    ("written", "read_as", "notes"),
    [
        ("Fri, 20 Apr 2018 09:30:00 GMT", "2018-04-20T09:30:00Z", 0),
        ("Fri, 20 Apr 2018 09:30:00 EST", "2018-04-20T09:30:00-05:00", 0),
        ("Fri, 20 Apr 2018 09:30 CEST", "2018-04-20T09:30:00+02:00", 0),
        ("20 Apr 18 09:30:00 +03:00", "2018-04-20T09:30:00+03:00", 0),
        ("03 Apr 02 1500 GMT", "2002-04-03T15:00:00Z", 0),
        ("20 Apr 98 09:30 Z", "1998-04-20T09:30:00Z", 0),
        ("Friday, April 20, 2018 9:30 PM EDT", "2018-04-20T21:30:00-04:00", 0),
        ("April 20, 2018", "2018-04-20T00:00:00+03:00", 1),
        ("Fri Apr 20 09:30:00 2018", "2018-04-20T09:30:00+03:00", 1),
        ("Fri Apr 20 09:30:00 UTC 2018", "2018-04-20T09:30:00Z", 0),
        ("2018-04-20T09:30:00.123456+03:00", "2018-04-20T09:30:00+03:00", 0),
        ("2018-04-20T09:30:00Z", "2018-04-20T09:30:00Z", 0),
        ("2018-04-20 09:30:00 -0700", "2018-04-20T09:30:00-07:00", 0),
        ("2018-04-20T09:30", "2018-04-20T09:30:00+03:00", 1),
        ("2018-04-20", "2018-04-20T00:00:00+03:00", 1),
        ("20180420T093000Z", "2018-04-20T09:30:00Z", 0),
        ("Fri, 20 Apr 2018 09:30:60 GMT", "2018-04-20T09:30:59Z", 0),
        ("Seg, 24 Set 2018 19:42:40 -0300", "2018-09-24T19:42:40-03:00", 0),
        ("ven., 20 avr. 2018 09:30:00 +0200", "2018-04-20T09:30:00+02:00", 0),
        ("Fr, 20 Mär 2018 09:30:00 +0100", "2018-03-20T09:30:00+01:00", 0),
        ("20 Nis 2018 Cum 09:30:00 +0300", None, 0),
        ("Cum, 20 Nis 2018 09:30:00 +0300", "2018-04-20T09:30:00+03:00", 0),
        ("Пт, 20 апр 2018 09:30:00 +0300", "2018-04-20T09:30:00+03:00", 0),
        ("Fri, 20 Apr 2018 09:30:00", "2018-04-20T09:30:00+03:00", 1),
        ("Fri, 31 Feb 2018 09:30:00 GMT", None, 0),
        ("Fri, 20 Foo 2018 09:30:00 GMT", None, 0),
        ("Fri, 20 Apr 2018 09:30:61 GMT", None, 0),
        ("Fri, 20 Apr 2018 09:30:00 +2500", None, 0),
        ("yesterday", None, 0),
        ("1524209400", None, 0),
        ("0000-00-00 00:00:00", None, 0),
    ],
)
def test_dates_are_read_in_the_forms_feeds_have(written: str, read_as: str | None, notes: int) -> None:
    content = rss(f"{TITLE}<pubDate>{written}</pubDate>")
    if read_as is None:
        assert refusal(content) == ("its date cannot be read", written)
        return
    item = only(content)
    assert item.submission["published_at"] == read_as
    assert len(item.notes) == notes
    assert all("Europe/Istanbul" in note for note in item.notes)


def test_a_date_in_the_future_is_refused() -> None:
    reason, detail = refusal(rss(f"{TITLE}<pubDate>Wed, 20 Apr 2033 09:30:00 GMT</pubDate>"))
    assert (reason, detail) == ("published_at lies in the future", "2033-04-20T09:30:00+00:00")


def test_an_item_without_a_date_has_none_and_a_note() -> None:
    item = only(rss(TITLE))
    assert "published_at" not in item.submission
    assert item.notes == ("has no date; it is dated when it is accepted",)


@pytest.mark.parametrize(
    ("item", "identity"),
    [
        ("<guid>https://island.example/?p=1</guid>", "https://island.example/?p=1"),
        ("<guid isPermaLink='false'>4711</guid>", "https://island.example/#4711"),
        ("<guid> tag:x,2018:1\n </guid>", "tag:x,2018:1"),
        ("<link>https://island.example/a</link>", "https://island.example/a"),
        ("<link>/a</link>", "https://island.example/a"),
        (
            "<link>https://feeds.example/~r/1</link><feedburner:origLink>https://island.example/a</feedburner:origLink>",
            "https://island.example/a",
        ),
    ],
)
def test_the_items_own_id_is_kept(item: str, identity: str) -> None:
    assert fields(rss(TITLE + item))["external_id"] == identity


def test_an_id_too_long_is_hashed_and_one_of_nothing_comes_from_the_content() -> None:
    long = fields(rss(f"{TITLE}<guid>urn:{'a' * 600}</guid>"))["external_id"]
    none = fields(rss(TITLE))["external_id"]
    assert long.startswith("sha256:")
    assert none.startswith("sha256:")
    assert none == fields(rss(TITLE))["external_id"]


def test_items_with_one_guid_and_two_pages_stay_two() -> None:
    first = f"{TITLE}<guid isPermaLink='false'>x:1</guid><link>https://island.example/a</link></item><item>"
    second = f"{TITLE}<guid isPermaLink='false'>x:1</guid><link>https://island.example/b</link>"
    ids = [item.submission["external_id"] for item in read(rss(first + second)) if isinstance(item, Found)]
    assert ids == ["x:1", "x:1 https://island.example/b"]


@pytest.mark.parametrize(
    ("author", "bylines"),
    [
        ("<author>ada@island.example (Ada Byron)</author>", ["Ada Byron"]),
        ("<author>Ada Byron &lt;ada@island.example&gt;</author>", ["Ada Byron"]),
        ("<author>ada@island.example</author>", None),
        ("<author>Ada Byron</author>", ["Ada Byron"]),
        ("<atom:author><atom:name>Ada</atom:name></atom:author>", ["Ada"]),
        ("<dc:creator>Ada (Island)</dc:creator>", ["Ada (Island)"]),
    ],
)
def test_authors_are_names_and_never_addresses(author: str, bylines: list[str] | None) -> None:
    assert fields(rss(TITLE + author)).get("bylines") == bylines


def test_the_source_element_wins_over_the_feed() -> None:
    found = fields(rss(f'{TITLE}<source url="https://other.example/feed">Other</source>'))
    assert found["source"] == {"name": "Other", "url": "https://other.example/feed"}


@pytest.mark.parametrize(
    ("media", "url"),
    [
        ('<enclosure url="https://i.example/a.jpg" type="image/jpeg" length="1"/>', "https://i.example/a.jpg"),
        ('<enclosure url="https://i.example/a.PNG?x=1" length="1"/>', "https://i.example/a.PNG?x=1"),
        ('<media:thumbnail url="https://i.example/t.jpg"/>', "https://i.example/t.jpg"),
        (
            '<media:group><media:content url="https://i.example/g.jpg" type="image/jpeg"/></media:group>',
            "https://i.example/g.jpg",
        ),
        ('<media:content url="https://i.example/v.mp4" type="video/mp4"/>', None),
        ('<media:content url="/relative.jpg" medium="image"/>', None),
        ('<enclosure url="javascript:alert(1)" type="image/jpeg"/>', None),
    ],
)
def test_the_picture_is_found_where_feeds_put_it(media: str, url: str | None) -> None:
    assert fields(rss(TITLE + media)).get("image", {}).get("url") == url


def test_what_cannot_be_kept_costs_a_note_not_the_article() -> None:
    tags = "".join(f"<category>tag {number}</category>" for number in range(120))
    item = only(
        rss(
            f"{TITLE}<category>{'long ' * 50}</category>{tags}<link>javascript:alert(1)</link><guid>a:1</guid>",
            channel="<language>english (UK)</language>",
        )
    )
    assert len(item.submission["tags"]) == 100
    assert "canonical_url" not in item.submission
    assert "language" not in item.submission
    assert sorted(item.notes) == [
        "canonical_url is no absolute web address and left out",
        "has no date; it is dated when it is accepted",
        "language is no BCP 47 tag; it is detected from the text",
        "one of the tags is longer than 200 characters and left out",
        "only the first 100 tags are kept",
    ]


def test_a_headline_too_long_is_refused() -> None:
    reason, detail = refusal(rss(f"<title>{'long ' * 120}</title><description>D.</description>"))
    assert reason == "headline: String should have at most 500 characters"
    assert "(599 characters)" in detail


def test_rss_1_0_and_0_9_are_read() -> None:
    rdf = """<?xml version="1.0"?>
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="https://island.example/rss"><title>Island</title><link>https://island.example/</link></channel>
      <item rdf:about="https://island.example/1"><title>One</title><link>https://island.example/1</link>
        <description>First.</description><dc:date>2018-04-20T09:30+03:00</dc:date><dc:subject>Sport</dc:subject></item>
    </rdf:RDF>"""
    found = fields(rdf)
    assert found["external_id"] == "https://island.example/1"
    assert found["published_at"] == "2018-04-20T09:30:00+03:00"
    assert found["section"] == "sport"
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://dtd.example/rss-0.91.dtd">'
    old = rss("<title>Caf&eacute;</title><description>D.</description>")
    assert fields(f'<?xml version="1.0"?>{doctype}{old}')["headline"] == "Café"


def test_an_atom_entry_with_everything() -> None:
    entry = """
      <title type="html">Boats &amp;amp; &lt;i&gt;tides&lt;/i&gt;</title><id>tag:island.example,2018:7</id>
      <link rel="self" href="https://island.example/7.atom"/><link href="/7"/>
      <link rel="enclosure" type="image/png" href="https://island.example/7.png" title="A boat"/>
      <author><name>Ada</name><email>ada@island.example</email></author><author><name>Ben</name></author>
      <category term="economy" label="Economy"/><category term="sea"/>
      <summary>Short.</summary>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Long &amp; <b>bold</b>.<br/></p></div>
      </content>
      <published>2018-04-20T09:30:00+03:00</published><updated>2019-01-01T00:00:00Z</updated>"""
    found = only(atom(entry))
    assert found.notes == ()
    assert found.submission == {
        "headline": "Boats & tides",
        "body": "<div><p>Long &amp; <b>bold</b>.<br></p></div>",
        "body_format": "html",
        "summary": "Short.",
        "language": "en",
        "bylines": ["Ada", "Ben"],
        "section": "economy",
        "tags": ["Economy", "sea"],
        "canonical_url": "https://island.example/7",
        "source": {"name": "Island News", "url": "https://island.example/"},
        "external_id": "tag:island.example,2018:7",
        "published_at": "2018-04-20T09:30:00+03:00",
        "image": {"url": "https://island.example/7.png", "alt": "A boat"},
    }


def test_atom_text_is_text_and_its_source_is_named() -> None:
    entry = """<title>5 &lt; 7</title><id>urn:1</id><updated>2018-04-20T09:30:00Z</updated>
      <content src="https://elsewhere.example/7"/><summary type="text">Not &lt;b&gt;bold&lt;/b&gt;.</summary>
      <source><title>Origin</title><link href="https://origin.example/"/><author><name>Cleo</name></author></source>"""
    found = fields(atom(entry))
    assert found["headline"] == "5 < 7"
    assert (found["body"], found["body_format"]) == ("Not &lt;b&gt;bold&lt;/b&gt;.", "html")
    assert found["source"] == {"name": "Origin", "url": "https://origin.example/"}
    assert found["bylines"] == ["Cleo"]


def test_atom_0_3_and_a_single_entry_document_are_read() -> None:
    old = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old</title>
      <entry><title>T</title><id>urn:1</id><issued>2004-05-06T07:08:09Z</issued>
      <content type="text/html" mode="escaped">&lt;p&gt;Body&lt;/p&gt;</content></entry></feed>"""
    assert (fields(old)["body"], fields(old)["published_at"]) == ("<p>Body</p>", "2004-05-06T07:08:09Z")
    alone = '<entry xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>urn:2</id><content>Body</content></entry>'
    assert fields(alone)["external_id"] == "urn:2"


def test_an_xml_base_makes_links_whole() -> None:
    entry = '<title>T</title><id>urn:1</id><content>B</content><link href="seven"/>'
    content = atom(entry).replace("<entry>", '<entry xml:base="https://base.example/a/">')
    assert fields(content)["canonical_url"] == "https://base.example/a/seven"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<rss><channel></channel></rss>", "holds no articles"),
        ("<rss></rss>", "has no channel, so it is no RSS feed"),
        ("<opml><body/></opml>", "is XML of a kind that is not read"),
        ("<!DOCTYPE html><html><title>x</title></html>", "is a web page, not a feed or an export"),
        ("<html lang='en'><head></head></html>", "is a web page, not a feed or an export"),
        ('<?xml version="1.0"?><!-- c --><html xmlns="http://www.w3.org/1999/xhtml"/>', "is a web page, not a feed or"),
    ],
)
def test_what_is_no_feed_is_refused_as_such(content: str, reason: str) -> None:
    assert refusal(content)[0].startswith(reason)


def test_one_bad_item_harms_no_other() -> None:
    bad = f"{TITLE}<pubDate>soon</pubDate></item><item>{TITLE}<guid>a:1</guid>"
    items = read(rss(bad))
    assert kinds(items) == (1, 1, 0)
    assert items[0] == Refusal("line 1", "its date cannot be read", "soon")
