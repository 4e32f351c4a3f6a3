"""Posts and threads: within the rule, with everything that must stand in them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.social.text.template import DEFAULTS, TemplateRefused
from services.social.text.writing import NoRoom, Problem, Style, byte_range, dry_run, utf16_range, write
from shared.copyfit.hashtags import Hashtags
from shared.copyfit.rules import BLUESKY, TELEGRAM, THREADS, Bound, Rule, Unit, X, mastodon
from shared.copyfit.urls import ascii_url
from tests.scripts import TEXTS
from tests.unit.social.golden import CASES, FULL, RULES, article, posts_file, written

LINK = "https://news.example.com/2026/11/23/council-votes-4f2a"
WORD = Hashtags(most=2)


def small(graphemes: int, **changes: Any) -> Rule:
    return Rule((Bound(Unit.GRAPHEMES, graphemes),), link=10, **changes)


def text(template: str, rule: Rule = BLUESKY, **changes: Any) -> str:
    (post,) = write(article(**changes), Style(rule, template, WORD)).posts
    return post.text


@pytest.mark.parametrize("name", CASES)
def test_posts_are_as_they_were_reviewed(name: str) -> None:
    assert written(name) == posts_file(name).read_text()


def test_what_fits_is_written_whole() -> None:
    done = write(article(), Style(mastodon(), DEFAULTS["mastodon"]))
    assert not done.shortened
    assert done.posts[0].text == (
        "Council votes for the new bridge\n\nAfter ten years of debate the city council has voted to build it.\n\n"
        f"{LINK}\n\n#CityCouncil #Bridges"
    )


def test_summary_hashtags_and_headline_give_way_in_this_order() -> None:
    template = "{{ headline }}\n{{ summary }}\n{{ url }}\n{{ hashtags }}"
    summary = "After ten years of debate the city council has voted to build it."
    given = {"headline": "Council votes for it", "summary": summary}
    assert text(template, small(119), **given) == f"Council votes for it\n{summary}\n{LINK}\n#CityCouncil #Bridges"
    assert text(template, small(110), **given).split("\n") == [
        "Council votes for it",
        "After ten years of debate the city council has voted to…",
        LINK,
        "#CityCouncil #Bridges",
    ]
    assert text(template, small(80), **given) == f"Council votes for it\n\n{LINK}\n#CityCouncil #Bridges".replace(
        "\n\n", "\n\n"
    )
    assert text(template, small(45), **given) == f"Council votes for it\n\n{LINK}\n#CityCouncil"
    assert text(template, small(40), **given) == f"Council votes for it\n\n{LINK}"
    assert text(template, small(27), **given) == f"Council votes…\n\n{LINK}"
    assert text(template, small(10), **given) == LINK


def test_a_long_list_of_names_does_not_crowd_out_the_headline() -> None:
    names = tuple(f"Ann Lee {number}" for number in range(30))
    assert text("{{ headline }} {{ bylines }}", small(60), bylines=names) == "Council votes for the new bridge"


def test_there_is_no_post_without_room_for_its_link() -> None:
    with pytest.raises(NoRoom, match="take 10 of the 9 graphemes"):
        text("{{ headline }} {{ url }}", small(9))
    with pytest.raises(NoRoom, match="own words"):
        text("x" * 400 + "{{ headline }}")


def test_an_address_that_would_fill_a_post_gives_way_to_the_short_one() -> None:
    place = "https://news.example.com/2026/11/23"
    thai = {
        "url": f"{place}/ท่าเรือแหลมฉบังเปิดอีกครั้งหลังพายุถล่มนานสามวันเรือเฟอร์รี-4f2a?via=night-desk",
        "headline": "ท่าเรือเปิดอีกครั้ง",
    }
    for rule in (BLUESKY, THREADS):
        assert text("{{ headline }} {{ url }}", rule, **thai) == f"ท่าเรือเปิดอีกครั้ง {place}/4f2a?via=night-desk"
    assert ascii_url(thai["url"]) in text("{{ headline }} {{ url }}", X, **thai)
    assert ascii_url(thai["url"]) in text("{{ headline }} {{ url }}", TELEGRAM, **thai)


def test_a_content_warning_takes_of_the_room() -> None:
    rule = mastodon(60)
    style = Style(rule, "{{ headline }} {{ url }}", warning="Politics and more")
    (post,) = write(article(), style).posts
    assert rule.fits(post.text + style.warning)
    assert post.text == f"Council votes for… {LINK}"


def test_lines_left_empty_are_closed_up() -> None:
    template = "{{ emoji }}\n\n{{ headline }}  {{ dateline }} \n\n\n\n{{ summary }}\n\n{{ url }}\n\n{{ hashtags }}\n"
    assert text(template, summary="", tags=(), dateline="") == f"Council votes for the new bridge\n\n{LINK}"


def test_a_link_in_right_to_left_text_has_a_line_of_its_own() -> None:
    arabic = {"headline": "صوّت المجلس", "direction": "rtl", "language": "ar", "tags": ("مجلس المدينة",)}
    assert text("{{ headline }}: {{ url }} {{ hashtags }}", **arabic) == f"صوّت المجلس:\n{LINK}\n#مجلس_المدينة"
    assert text("{{ headline }}\n\n{{ url }}", **arabic) == f"صوّت المجلس\n\n{LINK}"


def test_prose_of_the_other_direction_is_isolated_where_a_network_bears_it_and_never_on_x() -> None:
    arabic = {"headline": "صوّت المجلس", "direction": "rtl", "language": "ar"}
    assert text("{{ byline }}: {{ headline }}", **arabic) == "\u2068Ann Lee\u2069: صوّت المجلس"
    assert text("{{ byline }}\n{{ headline }}", **arabic) == "Ann Lee\nصوّت المجلس"
    assert text("{{ byline }}: {{ headline }}", X, **arabic) == "Ann Lee: صوّت المجلس"
    assert text("{{ byline }}: {{ headline }}", X, headline="a \u2067صوّت\u2069 b") == "Ann Lee: a صوّت b"


def test_links_and_hashtags_are_found_again_in_bytes_and_utf16_units() -> None:
    (post,) = write(CASES["arabic"], Style(mastodon(2000), FULL, WORD, emoji="👨‍👩‍👧‍👦")).posts
    (link,) = post.links
    assert post.text[link.start : link.end] == link.value
    assert [post.text[tag.start : tag.end] for tag in post.hashtags] == ["#مجلس_المدينة", "#جسور"]
    start, end = byte_range(post.text, link)
    assert post.text.encode()[start:end].decode() == link.value
    offset, length = utf16_range(post.text, post.hashtags[1])
    assert post.text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le") == "#جسور"


def test_a_thread_holds_the_whole_text_and_counts_its_numbers() -> None:
    summary = " ".join(f"word{number}" for number in range(80))
    done = write(article(summary=summary), Style(X, DEFAULTS["mastodon"], WORD, posts=9))
    texts = [post.text for post in done.posts]
    assert not done.shortened
    assert [each.rpartition("\n")[2] for each in texts] == ["1/3", "2/3", "3/3"]
    assert all(X.fits(each) for each in texts)
    assert LINK in texts[0]
    joined = " ".join(each.rpartition("\n\n")[0] for each in texts).replace("…", "")
    assert [word for word in joined.split() if word.startswith("word")] == summary.split()


def test_a_thread_has_an_end() -> None:
    done = write(article(summary="word " * 2000), Style(X, DEFAULTS["mastodon"], posts=3))
    assert done.shortened
    assert [post.text.rpartition("\n")[2] for post in done.posts] == ["1/3", "2/3", "3/3"]
    assert done.posts[2].text.endswith("word…\n\n3/3")


def test_what_fits_into_one_post_is_no_thread() -> None:
    assert len(write(article(), Style(mastodon(), DEFAULTS["mastodon"], posts=5)).posts) == 1


def test_a_thread_is_begun_for_prose_and_not_for_hashtags() -> None:
    (post,) = write(article(), Style(small(50), "{{ headline }} {{ url }} {{ hashtags }}", posts=5)).posts
    assert post.text == f"Council votes for the new bridge {LINK}"


def test_a_thread_ends_before_a_link_that_no_post_has_room_for() -> None:
    long = "https://example.org/" + "a" * 400
    done = write(article(summary=f"{long} and more"), Style(BLUESKY, DEFAULTS["mastodon"], posts=5))
    assert done.shortened
    assert len(done.posts) == 1
    assert "\n1/" not in done.posts[0].text


HARD = {
    "10,000 letters": "a" * 10_000,
    "10,000 letters in words": "words " * 1700,
    "100,000 letters": "word " * 20_000,
    "10,000 letters of Chinese": "国务院" * 3400,
    "10,000 letters of Arabic": "مُحَمَّد " * 1200,
    "10,000 letters of Thai": "นายกรัฐมนตรี" * 850,
    "only emoji": "👨‍👩‍👧‍👦" * 400,
    "only marks": "\u0301" * 10_000,
    "one letter under 10,000 marks": "e" + "\u0301" * 10_000,
    "only a link": "https://example.com/a",
    "only a very long link": "https://example.com/" + "a" * 9000,
    "only right-to-left marks": "\u200f\u061c\u202b\u2067" * 100,
    "nothing": "",
    "line breaks": "\n" * 500,
    "template syntax": "{{ url }}{% for a in b %}",
    "entities": "&amp;" * 2000,
}


@pytest.mark.parametrize("network", ["bluesky", "discord", "linkedin", "mastodon", "threads", "x"])
@pytest.mark.parametrize("headline", HARD.values(), ids=HARD)
def test_a_post_comes_of_every_headline_in_time(network: str, headline: str) -> None:
    begun = time.process_time()
    style = Style(RULES[network], FULL, posts=3)
    done = write(article(headline=headline, summary=headline), style)
    assert time.process_time() - begun < 5
    assert 1 <= len(done.posts) <= 3
    assert all(style.rule.fits(post.text) for post in done.posts)
    assert LINK in done.posts[0].text


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.sampled_from(["en", "ar", "th", "zh", "ja"]),
       st.sampled_from([X, BLUESKY, THREADS, mastodon(), mastodon(120)]), st.sampled_from([*DEFAULTS.values(), FULL]),
       st.integers(1, 4))  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_every_post_keeps_the_rule_its_link_and_its_hashtags(
    headline: str, summary: str, tags: list[str], language: str, rule: Rule, template: str, posts: int
) -> None:
    story = article(
        headline=headline * 3,
        summary=summary * 5,
        tags=tuple(tags),
        language=language,
        direction="rtl" if language == "ar" else "ltr",
    )
    done = write(story, Style(rule, template, emoji="📰", posts=posts))
    assert 1 <= len(done.posts) <= posts
    assert ("url" in template) == (LINK in done.posts[0].text)
    for post in done.posts:
        assert rule.fits(post.text)
        assert post.text == post.text.strip()
        assert "\n\n\n" not in post.text
        assert all(post.text[span.start : span.end] == span.value for span in post.links)
        assert all(post.text[span.start : span.end] == f"#{span.value}" for span in post.hashtags)
    assert write(story, Style(rule, template, emoji="📰", posts=posts)) == done


def test_a_dry_run_tells_of_every_problem() -> None:
    articles = [
        article(id="fine"),
        article(id="no-address", url="javascript:alert(1)"),
        article(id="long-address", url="https://news.example.com/" + "a" * 300),
        article(id="nothing", headline="\u200f"),
    ]
    found = dry_run(Style(BLUESKY, "{{ headline }}\n{{ url }}"), articles)
    assert [(each.article_id, each.sentence[:30]) for each in found] == [
        ("no-address", "'javascript:alert(1)' is no ad"),
        ("long-address", "The address and the template's"),
    ]
    assert dry_run(Style(BLUESKY, "{{ headline }}"), articles[3:]) == [
        Problem("nothing", "\u200f", "Nothing is left to post: every value the template writes is empty.")
    ]
    assert [each.article_id for each in dry_run(Style(BLUESKY, "{{ a }}{{ b }}"), articles)] == ["", ""]
    assert dry_run(Style(BLUESKY, DEFAULTS["bluesky"]), articles[:1]) == []


def test_each_language_may_have_a_template_of_its_own() -> None:
    templates = {"fa": "فا {{ headline }}", "zh-Hant": "繁 {{ headline }}", "": "other {{ headline }}"}

    def first(language: str) -> str:
        return write(article(language=language), Style(BLUESKY, templates)).posts[0].text.split()[0]

    assert [first(each) for each in ("fa", "fa-IR", "zh-Hant-TW", "zh-hant", "zh-Hans", "en")] == [
        "فا", "فا", "繁", "繁", "other", "other",
    ]  # fmt: skip
    del templates[""]
    with pytest.raises(TemplateRefused, match="no template for the language 'en'"):
        first("en")
    assert dry_run(Style(BLUESKY, {"fa": "{{ a }}", "": "{{ b }}"}), [])[0].sentence.startswith(
        "fa: Line 1: 'a' is unknown"
    )


def test_a_hashtag_keeps_its_non_joiner_only_where_the_network_goes_on_after_it() -> None:
    story = article(tags=("نخست‌وزیر",))
    written_by = {
        name: write(story, Style(RULES[name], "{{ hashtags }}")).posts[0].text for name in ("x", "mastodon", "bluesky")
    }
    assert written_by == {"x": "#نخست‌وزیر", "mastodon": "#نخست‌وزیر", "bluesky": "#نخست_وزیر"}


def test_a_thread_takes_along_what_the_first_post_left_out() -> None:
    story = article(
        headline="The mayor spoke. " * 20, summary="And the council listened to every word of it.", bylines=()
    )
    done = write(story, Style(X, "{{ headline }} {{ summary }} {{ bylines }} {{ url }}", posts=5))
    whole = " ".join(post.text for post in done.posts)
    assert not done.shortened
    assert (whole.count("mayor"), whole.count("spoke")) == (20, 20)
    assert "And the council listened to every word of it." in whole


def test_a_template_that_cannot_be_used_writes_nothing() -> None:
    with pytest.raises(TemplateRefused, match="A loop is not accepted"):
        write(article(), Style(X, "{% for a in headline %}{{ url }}{% endfor %}"))
