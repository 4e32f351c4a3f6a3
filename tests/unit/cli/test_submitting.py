"""`masthead submit`: one article from a file, and its receipt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.ingest_api import KeyRefused
from services.cli.readers.items import Unfit
from services.cli.submitting import read_article, submit_command
from shared.errors import OutboundError
from tests.fakes_ingest import KEY, FakeIngest, busy, failing


@pytest.fixture
def api() -> Iterator[FakeIngest]:
    with FakeIngest() as fake:
        yield fake


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def submit(api: FakeIngest, tmp_path: Path, pauses: list[float]) -> Any:
    def run(*arguments: str | Path, key: str = KEY, stdin: str | None = None) -> Result:
        environment = {"MASTHEAD_VAR": str(tmp_path / "var"), "MASTHEAD_API": api.url, "MASTHEAD_KEY": key}
        return CliRunner().invoke(submit_command, [str(each) for each in arguments], input=stdin, env=environment)

    return run


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "text", "headline", "body"),
    [
        ("markdown", "# Harbour *reopens* #\n\nIt **did**.", "Harbour *reopens*", "It **did**."),
        ("markdown", "Harbour reopens\n===\nIt did.", "Harbour reopens", "It did."),
        ("markdown", "No heading here.\n\nMore.", "", "No heading here.\n\nMore."),
        ("markdown", "# Only a heading", "Only a heading", "Only a heading"),
        ("html", "<html><body><h1>A &amp; <b>B</b></h1><p>It did.</p></body></html>", "A & B", "<p>It did.</p>"),
        ("html", "<p>No heading.</p>", "", "<p>No heading.</p>"),
        ("text", "Harbour reopens\r\n\r\nIt did.\r\nReally.", "Harbour reopens", "It did.\nReally."),
        ("text", "One line", "One line", "One line"),
    ],
)
def test_the_first_heading_is_the_headline(kind: str, text: str, headline: str, body: str) -> None:
    found = read_article(text.encode("utf-8-sig"), kind)
    assert found == {"headline": headline, "body": body, "body_format": kind}


def test_a_headline_that_is_given_leaves_the_body_whole() -> None:
    assert read_article(b"# Heading\n\nBody.", "markdown", "Given")["body"] == "# Heading\n\nBody."


@pytest.mark.parametrize(
    ("kind", "content"), [("json", b"[]"), ("json", b"{"), ("json", b"\xff"), ("text", b"caf\xe9")]
)
def test_a_file_that_cannot_be_read_says_why(kind: str, content: bytes) -> None:
    with pytest.raises(Unfit):
        read_article(content, kind)


def test_a_submission_is_sent_and_its_receipt_shown(api: FakeIngest, submit: Any, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", json.dumps({"external_id": "a-1", "headline": "Harbour", "body": "It did."}))
    result = submit(file)
    assert result.exit_code == 0, result.output
    assert "published: id-1" in result.stdout
    assert "Page     http://news.test/2018/04/20/a" in result.stdout
    assert "Feed     http://news.test/feed.rss" in result.stdout
    assert json.loads(submit(file, "--json").stdout)["state"] == "published"
    assert list(api.articles) == ["a-1"]


def test_options_fill_the_other_fields_and_win_over_the_file(api: FakeIngest, submit: Any, tmp_path: Path) -> None:
    file = written(tmp_path / "a.md", "# Harbour\n\nIt did.")
    options = (
        "--language en --byline Ada --byline Ben --section economy --tag sea --tag boats --dateline ISLAND --urgency 2"
    )
    result = submit(file, *options.split(), "--source", "Agency", "--external-id", "x:1", "--headline", "Other")
    assert result.exit_code == 0, result.output
    assert api.articles["x:1"] == {
        "headline": "Other",
        "body": "# Harbour\n\nIt did.",
        "body_format": "markdown",
        "language": "en",
        "bylines": ["Ada", "Ben"],
        "section": "economy",
        "tags": ["sea", "boats"],
        "dateline": "ISLAND",
        "urgency": 2,
        "source": {"name": "Agency"},
        "external_id": "x:1",
    }


@pytest.mark.parametrize("urgency", ["0", "10", "high", "2.5"])
def test_an_urgency_that_there_is_not_is_wrong_usage(
    api: FakeIngest, submit: Any, tmp_path: Path, urgency: str
) -> None:
    result = submit(written(tmp_path / "a.txt", "Harbour\n\nIt did."), "--urgency", urgency)
    assert result.exit_code == 2
    assert "--urgency" in result.stderr
    assert api.articles == {}


def test_no_id_is_made_up(api: FakeIngest, submit: Any, tmp_path: Path) -> None:
    submit(written(tmp_path / "a.txt", "Harbour\n\nIt did."))
    assert [each.get("external_id") for each in api.articles.values()] == [None]


def test_standard_input_is_json_unless_the_format_is_named(api: FakeIngest, submit: Any) -> None:
    assert submit("-", stdin='{"headline": "A", "body": "B"}').exit_code == 0
    assert submit("-", "--format", "markdown", stdin="# A\n\nB").exit_code == 0
    assert len(api.articles) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"headline": "A"}', "Refused: body: Field required"),
        ('{"headline": "A", "body": "B", "hedline": 1}', "Refused: hedline: Extra inputs are not permitted (found: 1)"),
        ("{", "Refused: is not valid JSON"),
        ('{"headline": "A", "body": "B", "published_at": "2099-01-01T00:00:00Z"}', "lies in the future"),
    ],
)
def test_a_wrong_article_is_refused_before_it_is_sent(
    api: FakeIngest, submit: Any, tmp_path: Path, content: str, reason: str
) -> None:
    result = submit(written(tmp_path / "a.json", content))
    assert result.exit_code == 1
    assert reason in result.stderr
    assert api.articles == {}


def test_the_apis_refusal_is_told(api: FakeIngest, submit: Any, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", '{"external_id": "a", "headline": "A", "body": "B"}')
    submit(file)
    result = submit(file, "--headline", "Another")
    assert result.exit_code == 1
    assert "Refused: external_id: stands for another content" in result.stderr


def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    api: FakeIngest, submit: Any, tmp_path: Path, pauses: list[float]
) -> None:
    api.faults = [failing(502), busy(2)]
    assert submit(written(tmp_path / "a.txt", "A\n\nB")).exit_code == 0
    assert pauses == [1, 2.0]
    assert len(set(api.idempotency_keys)) == 1


def test_an_api_that_is_away_or_a_wrong_key_is_a_clear_line(submit: Any, tmp_path: Path) -> None:
    file = written(tmp_path / "a.txt", "A\n\nB")
    away = submit(file, "--api", "http://127.0.0.1:9").exception
    assert isinstance(away, OutboundError)
    assert "cannot be reached on port 9" in str(away)
    wrong = submit(file, key="mh_wrong").exception
    assert isinstance(wrong, KeyRefused)
    assert str(wrong) == "This API key is not known."
