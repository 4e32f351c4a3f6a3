"""`masthead share`, which asks the feed service over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import numpy
import pytest
import zxingcpp
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from services.cli.sharing import share_command
from shared.errors import OutboundError
from shared.urls import qr_path, share_path, short_url, urn
from tests.paper import BASE, Paper
from tests.system import free_port

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def served(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paper]:
    """A newspaper with one article in Arabic, and its feed service where the command looks for it."""
    paper.publish(headline="افتتاح الميناء", language="ar", tags=["ميناء جديد"])
    server = make_server("127.0.0.1", 0, paper.replica().app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("MASTHEAD_FEED_PORT", str(server.server_port))
    yield paper
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(share_command, arguments)


def test_the_links_are_shown_however_the_article_is_named(served: Paper) -> None:
    article_id, url = served.article_id(1), BASE + served.path(1)
    shown = run(url)
    assert shown.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in shown.stdout.replace("QR code", "QR-code").splitlines())
    assert (lines["Page"], lines["Short"], lines["QR-code"]) == (url, short_url(url), BASE + qr_path(article_id))
    assert lines["whatsapp"] == BASE + share_path("whatsapp", article_id)
    assert "pinterest" not in lines  # the article has no picture
    for name in (
        short_url(url),
        f"{url}?via=courier-x",
        article_id,
        article_id.upper(),
        urn(article_id),
        urn(article_id).upper(),
    ):
        assert run(name).stdout == shown.stdout, name


def test_one_network_is_where_sharing_on_it_leads(served: Paper) -> None:
    found = json.loads(run(served.article_id(1), "--json").stdout)
    (telegram,) = (each for each in found["networks"] if each["network"] == "telegram")
    assert run(served.article_id(1), "--network", "telegram").stdout == telegram["target"] + "\n"
    assert telegram["target"].startswith("https://t.me/share/url?url=https%3A%2F%2Fcourier.example%2F")
    assert json.loads(run(served.article_id(1), "--network", "telegram", "--json").stdout) == telegram
    assert served.audience.shares() == {}, "who asks where a link leads has not shared"


def test_the_qr_code_in_the_terminal_can_be_read(served: Paper) -> None:
    drawn = run(served.article_id(1), "--qr").stdout.splitlines()
    light = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    pairs = numpy.array([[light[each] for each in line] for line in drawn], dtype=numpy.uint8)
    rows = pairs.transpose(0, 2, 1).reshape(-1, pairs.shape[1])
    code = zxingcpp.read_barcode(numpy.kron(rows, numpy.ones((4, 4), dtype=numpy.uint8)))
    assert code is not None and code.text == BASE + short_url(served.path(1))


def test_what_is_no_article_is_said_to_be_none(served: Paper) -> None:
    for name in (f"{BASE}/", f"{BASE}/2018/04/20/x-0000000abc", f"https://evil.example{served.path(1)}"):
        refused = run(name)
        assert (refused.exit_code, refused.stderr) == (1, "Refused: No article has this address.\n"), name
    gone = run("00000000-0000-0000-0000-000000000000")
    assert (gone.exit_code, gone.stderr) == (1, "Refused: No article has this id.\n")
    served.newsroom.withdraw(1)
    served.work()
    assert run(BASE + served.path(1)).stderr == "Refused: The article was withdrawn.\n"
    for name in ("harbour", "", "ftp://courier.example/x", "urn:isbn:1", "../../etc/passwd", "\0", "x" * 10_000):
        refused = run(name)
        assert refused.exit_code == 2
        assert "is no article; the address of an article's page, its id and its URN are accepted" in refused.stderr


def test_what_is_no_network_is_answered_with_those_there_are(served: Paper) -> None:
    for name in ("myspace", "pinterest", "X", ""):
        refused = run(served.article_id(1), f"--network={name}")
        assert refused.exit_code == 1
        assert "this article can be shared on whatsapp, x, facebook" in refused.stderr
    assert run(served.article_id(1), "--qr", "--json").exit_code == 2


def test_without_the_feed_service_it_says_what_it_did_not_reach(served: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("MASTHEAD_FEED_PORT", str(port))
    error = run(served.article_id(1)).exception
    assert isinstance(error, OutboundError) and str(port) in str(error)


def test_an_answer_of_something_else_is_not_taken_for_links(served: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    for body, status in ((b"<html>", 200), (b"[]", 200), (b"{}", 200), (b"\xff", 404), (b"{}", 500)):

        def app(environ, start_response, body=body, status=status):
            start_response(f"{status} X", [("Content-Length", str(len(body)))])
            return [body]

        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        monkeypatch.setenv("MASTHEAD_FEED_PORT", str(server.server_port))
        error = run(served.article_id(1)).exception
        thread.join()
        server.server_close()
        assert isinstance(error, OutboundError) and "is it the feed service?" in str(error), body
