"""An article's other forms over HTTP: text, Markdown, and the card that others embed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree, html
from werkzeug.test import TestResponse

from tests.paper import BASE, Paper, Replica


@pytest.fixture
def seq(paper: Paper) -> int:
    return paper.publish(
        headline="Harbour <reopens>", language="tr", bylines=["Ada Price"], html="<p>Body & <b>bold</b>.</p>"
    )


def embed(replica: Replica, url: str, **parameters: Any) -> TestResponse:
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in {"url": url, **parameters}.items())
    return replica.get(f"/oembed?{query}")


# Text and Markdown


@pytest.mark.parametrize(("extension", "media_type"), [("txt", "text/plain"), ("md", "text/markdown")])
def test_each_form_has_validators_and_leads_to_the_page(
    paper: Paper, seq: int, extension: str, media_type: str
) -> None:
    replica, path = paper.replica(), paper.path(seq)
    answer = replica.get(f"{path}.{extension}")
    assert (answer.status_code, answer.content_type) == (200, f"{media_type}; charset=utf-8")
    assert answer.headers["Link"] == f'<{BASE}{path}>; rel="canonical"'
    assert answer.headers["Content-Language"] == "tr"
    assert "Ada Price" in answer.text and BASE + path in answer.text
    again = replica.get(f"{path}.{extension}", if_none_match=answer.headers["ETag"])
    assert (again.status_code, again.headers["Link"]) == (304, answer.headers["Link"])
    paper.newsroom.edit(seq, headline="Another headline", text="Another text.", html="<p>Another text.</p>")
    new = replica.get(f"{path}.{extension}", if_none_match=answer.headers["ETag"])
    assert new.status_code == 200 and "Another text." in new.text


@pytest.mark.databases("sqlite")
def test_another_slug_leads_to_the_same_form(paper: Paper, seq: int) -> None:
    replica, path = paper.replica(), paper.path(seq)
    folder, _, last = path.rpartition("/")
    key = last.rpartition("-")[2]
    for extension in ("txt", "md"):
        for other in (key, f"old-{key}"):
            moved = replica.get(f"{folder}/{other}.{extension}")
            assert (moved.status_code, moved.headers["Location"]) == (301, f"{BASE}{path}.{extension}")
        assert replica.get(f"{folder}/none-0000000000.{extension}").status_code == 404
        assert replica.get(f"{folder}/none.{extension}").status_code == 404
    assert replica.get(f"{path}.html").status_code == 404


def test_a_withdrawn_article_is_gone_in_every_form(paper: Paper, seq: int) -> None:
    replica, path, old = paper.replica(), paper.path(seq), BASE + paper.path(seq)
    for extension in ("txt", "md"):
        replica.get(f"{path}.{extension}")
    paper.newsroom.withdraw(seq, "It was wrong.")
    for extension in ("txt", "md"):
        gone = replica.get(f"{path}.{extension}")
        assert gone.status_code == 410
        assert "It was wrong." in gone.text and "Harbour" not in f"{gone.text}{gone.headers}"
    assert embed(replica, old).status_code == 404


# oEmbed


@pytest.mark.databases("sqlite")
def test_the_card_is_what_oembed_wants_and_safe(paper: Paper, seq: int) -> None:
    answer = embed(paper.replica(), BASE + paper.path(seq))
    assert answer.content_type == "application/json; charset=utf-8"
    card = answer.json
    assert card is not None
    assert (card["version"], card["type"], card["title"]) == ("1.0", "rich", "Harbour <reopens>")
    assert (card["author_name"], card["author_url"]) == ("Ada Price", f"{BASE}/bylines/ada-price/")
    assert (card["provider_name"], card["provider_url"]) == ("The Demo Courier", f"{BASE}/")
    assert (card["width"], card["height"], card["cache_age"]) == (550, 250, 600)
    quoted = html.fragment_fromstring(card["html"])
    assert (quoted.tag, quoted.get("lang")) == ("blockquote", "tr")
    assert {each.tag for each in quoted.iter()} == {"blockquote", "p", "a", "footer"}
    (link,) = quoted.iter("a")
    assert (link.get("href"), link.text) == (BASE + paper.path(seq), "Harbour <reopens>")


@pytest.mark.databases("sqlite")
def test_xml_says_the_same_as_json(paper: Paper, seq: int) -> None:
    replica, url = paper.replica(), BASE + paper.path(seq)
    answer = embed(replica, url, format="xml")
    assert answer.content_type == "text/xml; charset=utf-8"
    root = etree.fromstring(answer.data)
    assert root.tag == "oembed"
    card = embed(replica, url, format="json").json
    assert card is not None
    assert {each.tag: each.text for each in root} == {name: str(value) for name, value in card.items()}


@pytest.mark.databases("sqlite")
def test_the_card_keeps_to_the_size_that_is_wanted(paper: Paper, seq: int) -> None:
    replica, url = paper.replica(), BASE + paper.path(seq)
    small = embed(replica, url, maxwidth=300, maxheight=200).json
    assert small is not None and (small["width"], small["height"]) == (300, 200)
    for tiny in ({"maxwidth": 100}, {"maxheight": 50}):
        card = embed(replica, url, **tiny).json
        assert card is not None and card["type"] == "link" and not {"html", "width", "height"} & set(card)


@pytest.mark.databases("sqlite")
def test_addresses_that_are_no_article_of_ours_have_no_card(paper: Paper, seq: int) -> None:
    replica, path = paper.replica(), paper.path(seq)
    assert embed(replica, f"{BASE}{path}?utm_source=x#top").status_code == 200
    refused = [
        *("nonsense", "//", "http://[", "http://[::1", "javascript:alert(1)", "file:///etc/passwd"),
        *(
            f"https://evil.example{path}",
            f"https://courier.example.evil.example{path}",
            f"https://evil.example@x{path}",
        ),
        *(
            f"https://courier.example@evil.example{path}",
            f"https:\\\\courier.example{path}",
            f"//courier.example{path}",
        ),
        *(
            f"{BASE}/",
            f"{BASE}/tags/harbour/",
            f"{BASE}{path}.txt",
            f"{BASE}{path}/x",
            f"{BASE}/2018/04/20/none-0000000000",
        ),
        *(
            f"{BASE}{path}\x00",
            f"{BASE}{path}\r\nX: y",
            f"{BASE}/{'a' * 100_000}",
            f"https://{'a' * 5000}.example{path}",
        ),
    ]
    for url in refused:
        assert embed(replica, url).status_code == 404, url[:200]
    for answer in (replica.get("/oembed"), embed(replica, "")):
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "url")  # type: ignore[index]


@pytest.mark.databases("sqlite")
def test_wrong_parameters_are_named(paper: Paper, seq: int) -> None:
    replica, url = paper.replica(), BASE + paper.path(seq)
    for format in ("yaml", "", "JSON", "x" * 10_000):
        assert embed(replica, url, format=format).status_code == 501
    for value in ("0", "-1", "1.5", "wide", "9" * 5000, "٣"):
        answer = embed(replica, url, maxwidth=value)
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "maxwidth")  # type: ignore[index]
    assert replica.get(f"/oembed?url={quote(url, safe='')}", "POST").status_code == 405
