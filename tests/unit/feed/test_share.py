from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.feed.networks import NETWORKS, Subject
from services.feed.share import share_links, share_target, subject_of
from services.feed.story import Image, Term
from shared.copyfit.rules import BLUESKY, THREADS, X, mastodon
from shared.publication import TEMPLATE
from shared.urls import article_path, short_url
from tests.scripts import TEXTS
from tests.unit.feed import stories
from tests.unit.feed.golden import SHARED, share_file, shared

URL = "https://courier.news/2018/04/20/storm-key1"  # news is a top-level domain, so X takes it for a link
FAMILY = "👩‍👩‍👧‍👦"
every_network = pytest.mark.parametrize("network", NETWORKS)


def subject(headline: str = "Storm", **values: object) -> Subject:
    return Subject(**{"url": URL, "headline": headline, "image": "https://img.example/1.jpg", **values})  # type: ignore[arg-type]


def parameters(network: str, about: Subject) -> dict[str, str]:
    return decoded(share_target(network, about) or "")


def decoded(target: str) -> dict[str, str]:
    """The parameters of a share link as the network decodes them: a plus is a plus."""
    pairs = (pair.partition("=") for pair in target.partition("?")[2].split("&") if pair)
    return {name: unquote(value, errors="strict") for name, _, value in pairs}


def graphemes(text: str) -> list[str]:
    return regex.findall(r"\X", text)


@pytest.mark.parametrize("name", SHARED)
def test_the_links_are_as_recorded(name: str) -> None:
    assert shared(name) == share_file(name).read_text()


HEADLINES = TEXTS | st.sampled_from(
    [
        "",
        "\n",
        "one\r\ntwo\u2028three\x85four\x0bfive\x00six",
        "a" * 10_000,
        "كلمة " * 2000,
        "字" * 10_000,
        FAMILY * 400,
        "🇹🇷" * 500,
        "\u0301" * 5000,
        "e" + "\u0301" * 5000,
        "\u202e\u2066\u202a" * 300,
        "https://other.example/?a=b&c=d#e " * 300,
        "&url=https://evil.example#?+%0A%00",
        "@all@courier.example " * 500,
        "\ud800 lone",
    ]
)
ADDRESSES = st.sampled_from(["harbour-reopens", "", "ع" * 100, "新" * 66]).map(
    lambda slug: "https://courier.news/a/place/of/its/own" + article_path(stories.ENGLISH.day, slug, "0123456789")
)
IMAGES = st.sampled_from([None, Image("https://img.example/1.jpg?a=1&b=2"), Image("https://img.example/" + "ع" * 1980)])


@example("字" * 500, "字" * 5000, ["新" * 200] * 3, URL, None)
@settings(max_examples=30)
@given(HEADLINES, HEADLINES, st.lists(st.text(max_size=200), max_size=5), ADDRESSES, IMAGES)
def test_whatever_the_story_says_its_links_are_whole(
    headline: str, summary: str, tags: list[str], url: str, image: Image | None
) -> None:
    story = stories.story(
        headline=headline, summary=summary, tags=tuple(Term("tag", each) for each in tags), url=url, image=image
    )
    about = subject_of(story)
    for link in share_links(about, NETWORKS):
        target = share_target(link.network, about)
        assert target is not None and len(target) < 8000, link.network
        assert regex.fullmatch(r"[!-~]+", target), "neither white space nor controls, ASCII only"
        assert "+" not in target and "#" not in target
        intended, found = urlsplit(NETWORKS[link.network].endpoint), urlsplit(target)
        assert (found.scheme, found.netloc, found.path) == (intended.scheme, intended.netloc, intended.path)
        carried = [line for value in decoded(target).values() for line in value.splitlines()]
        assert url in carried or short_url(url) in carried, link.network


CLUSTERS = st.lists(
    st.sampled_from([FAMILY, "👍🏽", "🇹🇷", "é", "e\u0301", "क्षि", "مُ", "字", "ก็", "x", " ", "1️⃣"]),
    min_size=1,
    max_size=900,
)


@pytest.mark.parametrize(
    ("network", "parameter"),
    [
        ("x", "text"),
        ("bluesky", "text"),
        ("mastodon", "text"),
        ("threads", "text"),
        ("hackernews", "t"),
        ("email", "subject"),
    ],
)
@given(CLUSTERS)
def test_a_headline_is_shortened_between_graphemes_only(network: str, parameter: str, clusters: list[str]) -> None:
    headline = regex.sub(r"\s+", " ", "".join(clusters)).strip()
    text = parameters(network, subject(headline)).get(parameter, "").removesuffix(f"\n{URL}")
    if text not in ("", URL, headline):
        kept = graphemes(text.removesuffix("…"))
        assert kept == graphemes(headline)[: len(kept)]


@given(CLUSTERS, st.lists(st.text(max_size=40), max_size=10))
def test_what_networks_put_together_keeps_their_own_rules(clusters: list[str], tags: list[str]) -> None:
    about = subject("".join(clusters), tags=tuple(tags))
    on_x = parameters("x", about)
    words = [word for word in on_x.get("hashtags", "").split(",") if word]
    assert X.fits(" ".join([on_x.get("text", ""), URL, *(f"#{word}" for word in words)]))
    assert BLUESKY.fits(parameters("bluesky", about)["text"])
    assert mastodon().fits(parameters("mastodon", about)["text"])
    assert THREADS.fits(f"{parameters('threads', about).get('text', '')}\n{URL}")


@pytest.mark.parametrize("slug", ["storm", "ع" * 100], ids=["short", "longest"])
@given(st.text("aع图👍\n", max_size=500), st.text("aع图👍\n", max_size=3000))
def test_a_mail_link_stays_within_2000_characters(slug: str, headline: str, summary: str) -> None:
    url = "https://courier.example" + article_path(stories.ENGLISH.day, slug, "key")
    target = share_target("email", subject(headline, summary=summary, url=url))
    assert target is not None
    assert len(target) <= 2000
    assert quote(url, safe="") in target


def test_a_title_on_hacker_news_has_80_characters_at_most() -> None:
    title = parameters("hackernews", subject("Harbour " * 20))["t"]
    assert len(title) <= 80
    assert title.endswith("Harbour…")


def test_a_headline_that_just_fits_is_not_touched() -> None:
    assert parameters("hackernews", subject("h" * 80))["t"] == "h" * 80
    assert parameters("hackernews", subject("h" * 81))["t"] == "h" * 79 + "…"


def test_long_headlines_fill_the_room_a_network_gives_and_no_more() -> None:
    long = subject("字" * 900, summary="s" * 3000, language="zh")
    assert X.count(f"{parameters('x', long)['text']} {URL}") in (279, 280)
    latin = subject("abcd " * 500, summary="s" * 3000)
    assert 296 <= BLUESKY.count(parameters("bluesky", latin)["text"]) <= 300
    assert 496 <= mastodon().count(parameters("mastodon", latin)["text"]) <= 500
    assert 496 <= THREADS.count(f"{parameters('threads', latin)['text']}\n{URL}") <= 500
    assert 296 <= len(parameters("reddit", latin)["title"]) <= 300
    assert len(share_target("email", latin) or "") == 2000


def test_text_and_link_stand_on_lines_of_their_own() -> None:
    assert parameters("whatsapp", subject())["text"] == f"Storm\n{URL}"


def test_a_mail_has_line_ends_of_rfc_6068_and_a_subject_of_one_line() -> None:
    target = share_target("email", subject("Storm\r\nBcc: all@courier.example", summary="Calm again."))
    assert target is not None
    assert "subject=Storm%20Bcc%3A%20all%40courier.example&" in target
    assert "body=Calm%20again.%0D%0A%0D%0Ahttps%3A%2F%2F" in target


def test_a_long_address_gives_way_to_the_short_one_where_letters_count() -> None:
    arabic = subject_of(stories.ARABIC)
    assert len(arabic.url) > 100
    for network, parameter in (("bluesky", "text"), ("sms", "body")):
        assert (
            parameters(network, arabic)[parameter]
            == f"{stories.ARABIC.headline}\nhttps://courier.example/2018/04/20/key3"
        )
    assert arabic.url in parameters("whatsapp", arabic)["text"]


def test_a_short_address_is_the_articles_own_without_its_slug() -> None:
    day = stories.ENGLISH.day
    assert short_url("https://a.example" + article_path(day, "a-long-slug", "k3y")) == (
        "https://a.example" + article_path(day, "", "k3y")
    )
    assert short_url("https://a.example" + article_path(day, "", "k3y")).endswith("/k3y")


def test_tags_become_hashtags_only_where_the_network_has_a_place_for_them() -> None:
    about = subject(tags=("climate change", "2018", "کتاب‌خانه", "C++", "late"))
    assert parameters("x", about)["hashtags"] == "ClimateChange,کتاب‌خانه,C"
    assert parameters("threads", about)["tag"] == "ClimateChange"
    assert parameters("tumblr", about)["tags"] == "climate change,2018,کتاب‌خانه"
    assert all(
        "limate" not in (share_target(name, about) or "") for name in NETWORKS.keys() - {"x", "threads", "tumblr"}
    )


def test_hashtags_give_way_to_the_headline() -> None:
    given_ = parameters("x", subject("h" * 250, tags=("harbour", "x")))
    assert (given_["text"], "hashtags" in given_) == ("h" * 250, False)


def test_pinterest_needs_a_picture() -> None:
    assert share_target("pinterest", subject(image="")) is None
    assert [link.network for link in share_links(subject(image=""), ["vk", "pinterest", "x"])] == ["vk", "x"]


def test_an_unknown_network_leads_nowhere() -> None:
    assert share_target("https://evil.example", subject()) is None
    assert share_links(subject(), ["pocket"]) == []


def test_no_direction_marks_are_added() -> None:
    persian = subject_of(stories.PERSIAN)
    for link in share_links(persian, NETWORKS):
        target = unquote(share_target(link.network, persian) or "")
        assert not regex.search(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", target)


def test_every_network_is_in_the_documentation_and_in_the_publications_file() -> None:
    documented = (Path(__file__).parents[3] / "docs" / "share-links.md").read_text(encoding="utf-8")
    configured = tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))["share"]["networks"]
    assert regex.findall(r"^\| `(\w+)` \|", documented, flags=regex.MULTILINE) == list(NETWORKS)
    assert sorted(configured) == sorted(NETWORKS)
