"""`masthead import` against an API that refuses, is busy, breaks off and goes away."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli import sending
from services.cli.importing import import_command
from tests.fakes_ingest import KEY, FakeIngest, busy, cut_after, failing, html_page


@pytest.fixture
def api() -> Iterator[FakeIngest]:
    with FakeIngest() as fake:
        yield fake


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the import waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def masthead_import(api: FakeIngest, tmp_path: Path, pauses: list[float]) -> Any:
    def run(*arguments: str | Path, key: str = KEY, stdin: bytes | None = None) -> Result:
        environment = {"MASTHEAD_VAR": str(tmp_path / "var"), "MASTHEAD_API": api.url, "MASTHEAD_KEY": key}
        return CliRunner().invoke(import_command, [str(each) for each in arguments], input=stdin, env=environment)

    return run


def articles(count: int, start: int = 1) -> list[dict[str, Any]]:
    return [
        {"external_id": f"a-{number}", "headline": f"Headline {number}", "body": f"Body {number}."}
        for number in range(start, start + count)
    ]


def ndjson(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def report_of(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_everything_is_accepted_once_and_a_second_run_adds_nothing(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(25))
    first = masthead_import(file, "--batch", "10")
    assert first.exit_code == 0, first.output
    assert "25  accepted" in first.stdout
    assert [len(batch) for batch in api.batches] == [10, 10, 5]
    second = masthead_import(file, "--json")
    assert second.exit_code == 0
    assert report_of(second) | {"api": ""} == {
        "api": "",
        "dry_run": False,
        "sources": [{"name": str(file), "format": "submissions"}],
        "found": 25,
        "accepted": 0,
        "already_there": 25,
        "resumed": 0,
        "refused": 0,
        "left_out": 0,
        "refusals": [],
        "left_out_reasons": [],
        "notes": [],
    }
    assert len(api.articles) == 25


def test_refusals_are_grouped_by_reason_with_file_and_place(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    good = articles(2)
    file = ndjson(
        tmp_path / "news.ndjson",
        [good[0], {"headline": "No body"}, '{"broken": ', {"headline": "x", "body": "y", "hedline": 1}, good[1]],
    )
    result = masthead_import(file, "--json")
    assert result.exit_code == 1
    report = report_of(result)
    assert (report["accepted"], report["refused"], report["found"]) == (2, 3, 5)
    reasons = {each["reason"]: each["places"] for each in report["refusals"]}
    assert {reason: [place["place"] for place in places] for reason, places in reasons.items()} == {
        "body: Field required": ["line 2"],
        "is not valid JSON": ["line 3"],
        "hedline: Extra inputs are not permitted": ["line 4"],
    }
    assert reasons["body: Field required"][0]["source"] == str(file)
    text = masthead_import(file).stdout
    assert "1 × is not valid JSON" in text
    assert f"{file}, line 3: column 11: Expecting value" in text


def test_what_only_the_api_can_refuse_is_reported_too(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    changed = articles(1)[0] | {"body": "Another body."}
    file = ndjson(tmp_path / "news.ndjson", [*articles(2), changed])
    result = masthead_import(file, "--json")
    assert result.exit_code == 1
    (refusal,) = report_of(result)["refusals"]
    assert refusal["reason"] == "external_id: stands for another content"
    assert refusal["places"] == [{"source": str(file), "place": "line 3", "external_id": "a-1", "detail": "a-1"}]


def test_a_busy_api_is_given_the_time_it_asks_for(
    api: FakeIngest, masthead_import: Any, tmp_path: Path, pauses: list[float]
) -> None:
    api.faults = [busy(7), busy(3)]
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(5)))
    assert result.exit_code == 0
    assert pauses == [7.0, 3.0]
    assert len(api.articles) == 5


def test_a_connection_cut_in_the_middle_loses_and_doubles_nothing(
    api: FakeIngest, masthead_import: Any, tmp_path: Path, pauses: list[float]
) -> None:
    api.faults = [cut_after(3), cut_after(0)]
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(10)), "--json")
    assert result.exit_code == 0
    # The article whose answer was lost with the connection is there already when it is sent again.
    assert (report_of(result)["accepted"], report_of(result)["already_there"]) == (9, 1)
    assert [len(batch) for batch in api.batches] == [10, 7, 7]
    assert len(api.articles) == 10
    assert len(pauses) == 2


def test_an_api_that_stays_away_ends_the_import_and_the_next_goes_on_from_there(
    api: FakeIngest, masthead_import: Any, tmp_path: Path, pauses: list[float]
) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(10))
    api.faults = [cut_after(4), *[failing(500)] * 20]
    result = masthead_import(file)
    assert result.exit_code == 3
    assert "answered 500" in result.stderr
    assert "goes on from here" in result.stderr
    assert "4  accepted" in result.stdout
    assert pauses == list(sending.BACK_OFF)

    api.faults.clear()
    api.batches.clear()
    again = masthead_import(file, "--json")
    assert again.exit_code == 0
    assert [each["external_id"] for each in api.batches[0]] == [f"a-{number}" for number in range(5, 11)]
    report = report_of(again)
    assert (report["resumed"], report["found"]) == (4, 10)
    assert len(api.articles) == 10
    assert list((tmp_path / "var" / "imports").iterdir()) == []


def test_restart_asks_about_everything_again(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(6))
    api.faults = [cut_after(4), *[failing(500)] * 20]
    masthead_import(file)
    api.faults.clear()
    api.batches.clear()
    assert report_of(masthead_import(file, "--restart", "--json"))["resumed"] == 0
    assert len(api.batches[0]) == 6


def test_a_journal_counts_for_one_content_api_key_and_prefix(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(6))
    api.faults = [cut_after(4), *[failing(500)] * 20]
    masthead_import(file)
    api.faults.clear()
    assert report_of(masthead_import(file, "--publisher-prefix", "x:", "--json"))["resumed"] == 0
    assert report_of(masthead_import(ndjson(file, articles(7)), "--json"))["resumed"] == 0


def test_a_killed_import_goes_on_where_it_was(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(30))
    reached, go_on = threading.Event(), threading.Event()

    def stop_at_the_seventh(line: int) -> None:
        if line == 7 and not go_on.is_set():
            reached.set()
            go_on.wait(30)

    api.before_answer = stop_at_the_seventh
    environment = os.environ | {
        "MASTHEAD_VAR": str(tmp_path / "var"),
        "MASTHEAD_API": api.url,
        "MASTHEAD_KEY": KEY,
    }
    command = "from services.cli.importing import import_command; import_command()"
    with subprocess.Popen([sys.executable, "-c", command, str(file), "--batch", "10"], env=environment) as process:
        assert reached.wait(30)
        journal = _only_file(tmp_path / "var" / "imports")
        while len(journal.read_text().splitlines()) < 6:
            reached.wait(0.01)
        process.send_signal(signal.SIGKILL)
    go_on.set()
    api.batches.clear()
    result = masthead_import(file, "--json")
    assert result.exit_code == 0
    report = report_of(result)
    assert (report["found"], report["resumed"], report["refused"]) == (30, 6, 0)
    assert api.batches[0][0]["external_id"] == "a-7"
    assert len(api.articles) == 30


def _only_file(folder: Path) -> Path:
    while not folder.is_dir() or not list(folder.iterdir()):
        threading.Event().wait(0.01)
    (file,) = folder.iterdir()
    return file


def test_a_cut_line_at_the_end_of_the_journal_is_ignored(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(6))
    api.faults = [cut_after(4), *[failing(500)] * 20]
    masthead_import(file)
    journal = _only_file(tmp_path / "var" / "imports")
    journal.write_text(journal.read_text()[:-20])
    api.faults.clear()
    report = report_of(masthead_import(file, "--json"))
    assert (report["resumed"], report["found"]) == (3, 6)
    assert len(api.articles) == 6


def test_a_batch_that_is_too_large_is_halved(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    api.max_batch = 3
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(10)))
    assert result.exit_code == 0
    assert len(api.articles) == 10
    assert max(len(batch) for batch in api.batches) <= 3


def test_a_single_article_that_is_too_large_is_refused(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    api.max_batch = 0
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(2)))
    assert result.exit_code == 1
    assert "2 × The batch is too large." in result.stdout


def test_a_wrong_key_ends_the_import_with_its_reason(masthead_import: Any, tmp_path: Path) -> None:
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)), key="mh_wrong")
    assert result.exit_code == 3
    assert "This API key is not known." in result.stderr


def test_no_key_at_all_is_wrong_usage(masthead_import: Any, tmp_path: Path) -> None:
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)), key="")
    assert result.exit_code == 2
    assert "No API key" in result.stderr


def test_the_demo_key_is_used_when_no_other_is_given(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo-key").write_text(f"{KEY}\n")
    assert masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)), key="").exit_code == 0


def test_something_else_than_the_api_is_recognised(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    api.faults = [html_page]
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)))
    assert result.exit_code == 3
    assert "is it the address of the ingest API?" in result.stderr


def test_nobody_at_the_address_is_a_clear_line(masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(1))
    result = masthead_import(file, "--api", "http://127.0.0.1:9")
    assert result.exit_code == 3
    assert "127.0.0.1 cannot be reached on port 9" in result.stderr


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "ftp://127.0.0.1", "localhost:8001", "http://[::1"])
def test_an_api_address_that_is_none_is_wrong_usage(masthead_import: Any, tmp_path: Path, address: str) -> None:
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)), "--api", address)
    assert result.exit_code == 2


def test_a_dry_run_sends_nothing_and_tells_the_same(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    repeated, changed = articles(1)[0], articles(1)[0] | {"body": "Another body."}
    file = ndjson(tmp_path / "news.ndjson", [*articles(3), repeated, changed, {"headline": "No body"}])
    dry = masthead_import(file, "--dry-run", "--json", key="")
    assert api.batches == []
    assert dry.exit_code == 1
    wet = masthead_import(file, "--json")
    counts = ("found", "accepted", "already_there", "refused")
    assert [report_of(dry)[name] for name in counts] == [report_of(wet)[name] for name in counts] == [6, 3, 1, 2]
    assert not (tmp_path / "var" / "imports").exists() or not list((tmp_path / "var" / "imports").iterdir())


def test_a_prefix_keeps_two_archives_apart(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", articles(2))
    masthead_import(file, "--publisher-prefix", "old:")
    masthead_import(file)
    assert sorted(api.articles) == ["a-1", "a-2", "old:a-1", "old:a-2"]


def test_articles_without_an_id_are_not_doubled(api: FakeIngest, masthead_import: Any, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "news.ndjson", [{"headline": "A", "body": "B."}, {"headline": "A", "body": "C."}])
    masthead_import(file)
    masthead_import(file)
    assert len(api.articles) == 2


def test_a_folder_is_read_by_name_and_other_files_are_left_out(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    (folder / "b").mkdir(parents=True)
    ndjson(folder / "b" / "two.ndjson", articles(1, start=2))
    ndjson(folder / "a.jsonl", articles(1, start=1))
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    (folder / ".hidden.json").write_text("{}")
    result = masthead_import(folder, "--json")
    assert result.exit_code == 0
    assert list(api.articles) == ["a-1", "a-2"]
    assert report_of(result)["left_out"] == 1


def test_a_file_that_is_named_is_read_whatever_it_is_called(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    assert masthead_import(ndjson(tmp_path / "export.txt", articles(2))).exit_code == 0
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    result = masthead_import(photo)
    assert result.exit_code == 1
    assert "is of a kind that is not read" in result.stdout


def test_a_name_that_leads_nowhere_stops_before_anything_is_sent(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    result = masthead_import(ndjson(tmp_path / "news.ndjson", articles(1)), tmp_path / "absent.ndjson")
    assert result.exit_code == 2
    assert "There is no file or folder" in result.stderr
    assert api.batches == []


def test_standard_input_is_read(api: FakeIngest, masthead_import: Any) -> None:
    body = "".join(json.dumps(each) + "\n" for each in articles(3)).encode()
    assert masthead_import("-", stdin=body).exit_code == 0
    assert len(api.articles) == 3


def test_an_address_in_a_private_network_is_fetched_only_when_that_is_meant(
    api: FakeIngest, masthead_import: Any, tmp_path: Path
) -> None:
    content = "".join(json.dumps(each) + "\n" for each in articles(3)).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/news" else 404)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        refused = masthead_import(f"{url}/news")
        assert refused.exit_code == 1
        assert "--allow-private lifts this" in refused.stdout
        assert api.batches == []
        result = masthead_import(f"{url}/news", f"{url}/absent", "--allow-private")
        server.shutdown()
    assert "3  accepted" in result.stdout
    assert "the server answered 404" in result.stdout
