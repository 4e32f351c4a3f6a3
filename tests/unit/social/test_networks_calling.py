"""From an answer over HTTP to what came of a call: status codes, bodies, words and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.social.calling import Caller, Reply
from services.social.credentials import Secrets
from services.social.draft import Media
from services.social.network import Account
from services.social.networks.mastodon import Mastodon
from services.social.outcomes import (
    AccountBroken,
    Gone,
    NotSent,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)
from shared.http import Door
from tests.networks.server import Answer, Fault, NetworkServer, Request, png

SECRET = "s3cret/to ken"


class AnyServer(NetworkServer):
    network = Mastodon

    def __init__(self) -> None:
        super().__init__()
        self.says = Answer()

    def makes_post(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        return self.says


@pytest.fixture
def server() -> Iterator[AnyServer]:
    started = AnyServer()
    yield started
    started.close()


def call(server: AnyServer, answer: Answer, *, once: bool, **call: Any) -> Reply:
    server.says = answer
    account = Account("any", "newsroom", secrets=Secrets({"token": SECRET, "hook": f"{server.url}/hidden/path"}))
    return Caller(server.door(), account, server.url + "/", deadline=10).call("POST", "/post", once=once, **call)


@pytest.mark.parametrize(
    ("status", "posting", "other"),
    [
        (301, AccountBroken, AccountBroken),
        (304, AccountBroken, AccountBroken),
        (400, RefusedByNetwork, RefusedByNetwork),
        (401, AccountBroken, AccountBroken),
        (403, AccountBroken, AccountBroken),
        (404, Gone, Gone),
        (408, NotSent, NotSent),
        (410, Gone, Gone),
        (413, RefusedByNetwork, RefusedByNetwork),
        (422, RefusedByNetwork, RefusedByNetwork),
        (425, NotSent, NotSent),
        (429, RateLimited, RateLimited),
        (500, Unknown, NotSent),
        (502, Unknown, NotSent),
        (503, Unknown, NotSent),
        (599, Unknown, NotSent),
    ],
)
def test_a_status_means_the_same_everywhere(
    status: int, posting: type[PostError], other: type[PostError], server: AnyServer
) -> None:
    for once, expected in ((True, posting), (False, other)):
        with pytest.raises(PostError) as caught:
            call(server, Answer(status, {"error": "words"}, {"Location": "https://other.example/"}), once=once)
        assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"error": "Too long"}, "Too long"),
        ({"error": {"message": "Too long"}}, "Too long"),
        ({"message": "Too long", "error": {"code": 1}}, "Too long"),
        ({"error": "", "detail": "Too\nlong\x1b[31m"}, "HTTP 422"),
        ("<html><body>Too long</body></html>", "a page of HTML"),
        (b"Too\r\nlong", "Too long"),
        (b"\xff\xfe", "HTTP 422: "),
        ({"error": "x" * 5000}, "x" * 100),
        ([1, 2], "HTTP 422"),
    ],
)
def test_a_refusal_shows_the_network_s_words_in_one_line(content: Any, words: str, server: AnyServer) -> None:
    with pytest.raises(RefusedByNetwork) as caught:
        call(server, Answer(422, content), once=True)
    shown = str(caught.value)
    assert words in shown
    assert shown.isprintable()
    assert len(shown) < 350


def test_no_secret_is_shown_even_if_the_network_repeats_it(server: AnyServer) -> None:
    told = f"token {SECRET} and s3cret%2Fto%20ken of {server.url}/hidden/path are wrong"
    with pytest.raises(RefusedByNetwork) as caught:
        call(server, Answer(422, {"error": told}), once=True)
    assert str(caught.value) == "HTTP 422: token … and … of … are wrong"
    server.close()
    with pytest.raises(NotSent) as lost:
        call(server, Answer(), once=True, query={"access_token": SECRET})
    assert "s3cret" not in f"{lost.value} {lost.value.__cause__} {lost.value.__context__}"


def test_a_server_in_trouble_is_not_waited_for_until_its_limit_begins_anew(server: AnyServer) -> None:
    """Mastodon names its limits beside every answer, though hundreds of calls remain."""
    headers = {"X-RateLimit-Remaining": "299", "X-RateLimit-Reset": "10800"}
    with pytest.raises(NotSent) as caught:
        call(server, Answer(503, {"error": "Later"}, headers), once=False)
    assert caught.value.retry_after is None
    with pytest.raises(NotSent) as caught:
        call(server, Answer(503, {"error": "Later"}, headers | {"Retry-After": "7"}), once=False)
    assert caught.value.retry_after == 7
    with pytest.raises(RateLimited) as caught:
        call(server, Answer(429, {"error": "Too many"}, headers), once=False)
    assert caught.value.retry_after == 10800


@pytest.mark.parametrize("content", [{}, {"id": None}, {"id": ""}, {"id": True}, {"id": []}, [], "ok", b"\xff", None])
def test_an_answer_without_an_id_is_no_proof(content: Any, server: AnyServer) -> None:
    for once, expected in ((True, Unknown), (False, NotSent)):
        reply = call(server, Answer(200, content), once=once)
        with pytest.raises(expected, match=r"\(HTTP 200\) has no id"):
            reply.name("id")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"id": ' + b"9" * 5000 + b"}", b'{"id": NaN}', b'{"id": "\\ud800"}']
)
def test_json_that_is_meant_to_hurt_breaks_nothing(body: bytes, server: AnyServer) -> None:
    reply = call(server, Answer(200, body), once=True)
    reply.get("id", 0, "x")
    with pytest.raises(Unknown):
        reply.many("id")


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.HANG])
def test_an_answer_that_never_ends_is_waited_for_no_longer_than_the_deadline(fault: Fault, server: AnyServer) -> None:
    server.makes_post = lambda request: True  # type: ignore[method-assign]
    for once, expected in ((True, Unknown), (False, NotSent)):
        server.fault = fault
        caller = Caller(server.door(), Account("any", "newsroom"), server.url, deadline=0.3)
        with pytest.raises(expected, match=r"within 0\.3 seconds"):
            caller.call("POST", "/post", once=once)


def test_an_account_s_server_is_called_by_https_or_not_at_all(server: AnyServer) -> None:
    account = Account("any", "newsroom")
    for address in (
        "http://news.example",
        "ftp://news.example",
        "https://u:p@news.example",
        "https://127.0.0.1",
        "",
        "https://",
    ):
        with pytest.raises(AccountBroken):
            Caller(Door(), account, address).call("GET", "/", once=True)
    with pytest.raises(AccountBroken, match="port"):
        Caller(Door(), account, "https://news.example:25").call("GET", "/")


def test_only_pictures_are_uploaded(server: AnyServer) -> None:
    caller = Caller(server.door(), Account("any", "newsroom"), server.url)
    server.pictures = {"/a.png": png(1, 1), "/b.png": b"RIFF\0\0\0\0WEBP", "/c.png": b"<svg/>", "/d.png": b""}
    assert caller.picture(Media(server.url + "/a.png"), most=1000)[1] == "image/png"
    assert caller.picture(Media(server.url + "/b.png"), most=1000)[1] == "image/webp"
    for name, most in (("/c.png", 1000), ("/d.png", 1000), ("/a.png", 10)):
        with pytest.raises(RefusedByNetwork):
            caller.picture(Media(server.url + name), most=most)
    for url in ("http://127.0.0.1:1/private.png", "https://news.example:25/x.png"):
        with pytest.raises(NotSent, match="cannot be fetched"):
            caller.picture(Media(url), most=1000)
