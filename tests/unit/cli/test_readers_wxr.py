"""WordPress exports."""

from __future__ import annotations

import pytest

from services.cli.readers import sniff
from services.cli.readers.items import Found, LeftOut, Refusal
from tests.unit.cli.reading import fields, only, read, refusal

EXPORT = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- This is a WordPress eXtended RSS file -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/{version}/excerpt/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:wp="http://wordpress.org/export/{version}/">
<channel>
  <title>Island Blog</title><link>https://island.example</link><language>tr-TR</language>
  <wp:wxr_version>{version}</wp:wxr_version><wp:base_blog_url>https://island.example</wp:base_blog_url>
  <wp:author><wp:author_login><![CDATA[ada]]></wp:author_login>
    <wp:author_display_name><![CDATA[Ada Byron]]></wp:author_display_name></wp:author>
{items}
</channel></rss>"""


def export(*items: str, version: str = "1.2") -> str:
    return EXPORT.format(items="\n".join(items), version=version)


def post(content: str = "Body.", extra: str = "", **values: str) -> str:
    values = {"status": "publish", "post_type": "post", "post_id": "7", **values}
    dates = {"post_date": "2018-04-20 12:30:00", "post_date_gmt": "2018-04-20 09:30:00"}
    wp = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in {**dates, **values}.items() if name != "title")
    return f"""<item><title>{values.get("title", "A title")}</title><dc:creator>ada</dc:creator>
      <guid isPermaLink="false">https://island.example/?p={values["post_id"]}</guid>
      <content:encoded><![CDATA[{content}]]></content:encoded>{wp}{extra}</item>"""


def test_a_published_post_becomes_an_article() -> None:
    terms = """
      <category domain="category" nicename="culture"><![CDATA[Kültür]]></category>
      <category domain="category" nicename="sea"><![CDATA[Deniz]]></category>
      <category domain="post_tag" nicename="boats"><![CDATA[Tekne]]></category>
      <category domain="post_format" nicename="aside"><![CDATA[Aside]]></category>
      <excerpt:encoded><![CDATA[A <b>short</b> text.]]></excerpt:encoded>
      <wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>"""
    picture = """<wp:attachment_url>https://island.example/boat.jpg</wp:attachment_url>
      <wp:postmeta><wp:meta_key>_wp_attachment_image_alt</wp:meta_key>
      <wp:meta_value>A boat</wp:meta_value></wp:postmeta>"""
    attachment = post(post_id="9", post_type="attachment", status="inherit", extra=picture)
    content = export(post("<p>Body.</p>", terms, title="Boats &amp; tides"), attachment)
    assert sniff("x.xml", content.encode()).format == "WordPress export"
    found, left_out = read(content)
    assert isinstance(found, Found)
    assert found.notes == ()
    assert found.submission == {
        "headline": "Boats & tides",
        "body": "<p>Body.</p>",
        "body_format": "html",
        "summary": "A short text.",
        "language": "tr-TR",
        "bylines": ["Ada Byron"],
        "section": "culture",
        "tags": ["Tekne", "Kültür", "Deniz"],
        "external_id": "https://island.example/?p=7",
        "published_at": "2018-04-20T09:30:00Z",
        "image": {"url": "https://island.example/boat.jpg", "alt": "A boat"},
    }
    assert left_out == LeftOut("line 20", "is of the post type attachment, not post")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_every_version_of_the_format_is_read(version: str) -> None:
    assert fields(export(post(), version=version))["headline"] == "A title"


@pytest.mark.parametrize("status", ["draft", "private", "pending", "future", "trash", "auto-draft"])
def test_what_is_not_published_is_refused_with_its_status(status: str) -> None:
    assert refusal(export(post(status=status)))[0] == f"its status is {status}; only published posts are imported"


def test_a_post_behind_a_password_is_refused() -> None:
    assert refusal(export(post(post_password="sesame")))[0] == "is protected by a password"


@pytest.mark.parametrize("kind", ["page", "attachment", "nav_menu_item", "revision", "wp_global_styles"])
def test_what_is_no_post_is_left_out_and_counted(kind: str) -> None:
    (item,) = read(export(post(post_type=kind)))
    assert isinstance(item, LeftOut)
    assert item.reason == f"is of the post type {kind}, not post"


@pytest.mark.parametrize(
    ("gmt", "local", "read_as", "notes"),
    [
        ("2018-04-20 09:30:00", "2018-04-20 12:30:00", "2018-04-20T09:30:00Z", 0),
        ("0000-00-00 00:00:00", "2018-04-20 12:30:00", "2018-04-20T12:30:00+03:00", 1),
        ("-0001-11-30 00:00:00", "2018-04-20 12:30:00", "2018-04-20T12:30:00+03:00", 1),
        ("", "2018-04-20 12:30:00", "2018-04-20T12:30:00+03:00", 1),
    ],
)
def test_times_are_gmt_else_the_publications(gmt: str, local: str, read_as: str, notes: int) -> None:
    item = only(export(post(post_date_gmt=gmt, post_date=local)))
    assert item.submission["published_at"] == read_as
    assert len(item.notes) == notes


def test_pubdate_counts_when_there_is_no_other_time() -> None:
    date = "<pubDate>Fri, 20 Apr 2018 09:30:00 +0000</pubDate>"
    content = export(post(post_date_gmt="0000-00-00 00:00:00", post_date="0000-00-00 00:00:00", extra=date))
    assert fields(content)["published_at"] == "2018-04-20T09:30:00Z"


def test_guids_of_machines_without_a_public_name_carry_the_time() -> None:
    for host in ("localhost", "127.0.0.1:8080", "blog.local", "192.168.1.4", "playground.internal/path"):
        found = fields(export(post()).replace("https://island.example/?p=7", f"http://{host}/?p=7"))
        assert found["external_id"] == f"http://{host}/?p=7 2018-04-20 09:30:00"


def test_a_post_without_a_guid_is_known_by_its_number_and_site() -> None:
    content = export(post()).replace('<guid isPermaLink="false">https://island.example/?p=7</guid>', "")
    assert fields(content)["external_id"] == "https://island.example#7"


@pytest.mark.parametrize(
    ("stored", "html"),
    [
        ("One.\n\nTwo\nlines.", "<p>One.</p>\n<p>Two<br>\nlines.</p>"),
        ("One.\r\n\r\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("<p>One.</p>\n\nTwo.", "<p>One.</p>\n\nTwo."),
        ("<!-- wp:paragraph -->\n<p>One.</p>\n<!-- /wp:paragraph -->", "<p>One.</p>"),
        ("<h2>Head</h2>\nText.", "<h2>Head</h2>\n<p>Text.</p>"),
        (
            "Text.\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\nMore.",
            "<p>Text.</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>More.</p>",
        ),
        (
            "<blockquote>One.\n\nTwo.</blockquote>",
            "<blockquote>\n<p>One.</p>\n<p>Two.</p>\n</blockquote>",
        ),
        ("<pre>a\n\nb</pre>\n\nText.", "<pre>a\n\nb</pre>\n<p>Text.</p>"),
        ("A <b>bold</b> word.", "<p>A <b>bold</b> word.</p>"),
    ],
)
def test_paragraphs_are_made_where_wordpress_stores_none(stored: str, html: str) -> None:
    assert fields(export(post(stored)))["body"] == html


def test_captions_and_embeds_are_kept_and_other_shortcodes_left_out() -> None:
    stored = (
        '[caption id="a"]<a href="/x"><img src="https://island.example/b.jpg" alt="b" /></a> A boat[/caption]\n\n'
        '[embed width="1"]https://video.example/1[/embed]\n\n[gallery ids="1,2"]\n\nText [sic].'
    )
    item = only(export(post(stored)))
    assert item.submission["body"] == (
        '<figure><a href="/x"><img src="https://island.example/b.jpg" alt="b" /></a>'
        "<figcaption>A boat</figcaption></figure>\n"
        '<p><a href="https://video.example/1">https://video.example/1</a></p>\n<p>Text [sic].</p>'
    )
    assert item.notes == ("shortcodes such as [gallery] mean nothing outside WordPress and are left out",)


def test_a_post_without_text_has_its_excerpt_else_its_title() -> None:
    excerpt = "<excerpt:encoded>Short.</excerpt:encoded>"
    assert fields(export(post("", excerpt)))["body"] == "Short."
    assert fields(export(post("")))["body"] == "A title"
    assert refusal(export(post("", title="")))[0] == "has neither a headline nor text"


def test_uncategorized_is_no_section_and_an_unknown_author_keeps_the_login() -> None:
    none = '<category domain="category" nicename="uncategorized">Uncategorized</category>'
    other = '<category domain="category" nicename="fish">Fish</category>'
    assert "section" not in fields(export(post(extra=none)))
    assert fields(export(post(extra=none + other)))["section"] == "Fish"
    assert fields(export(post()).replace("<dc:creator>ada<", "<dc:creator>eve<"))["bylines"] == ["eve"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (export(), "holds no articles"),
        (
            export(post()).replace("<wp:wxr_version>1.2<", "<wp:wxr_version>abc<"),
            "names a version of the export format",
        ),
        (export(post()).replace("</channel>", ""), "is not well-formed XML"),
        (export(post()).replace("channel>", "chanel>"), "has no channel, so it is no WordPress export"),
    ],
)
def test_a_broken_export_is_refused_as_a_whole(content: str, reason: str) -> None:
    (item,) = read(content)
    assert isinstance(item, Refusal)
    assert item.reason.startswith(reason)
