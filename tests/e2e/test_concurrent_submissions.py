"""A whole installation with two API processes under many, slow and large requests: an article is one article."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.databases import fresh_database
from tests.system import Installation, wait_for

AT_ONCE = 100
ARTICLE = {
    "headline": "Harbour reopens",
    "body": "<p>The harbour reopened on Monday.</p>",
    "language": "en",
    "section": "economy",
    "tags": ["harbour"],
    "bylines": ["Ada Byron"],
    "published_at": "2018-04-20T09:30:00+03:00",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def masthead(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    url = "" if request.param == "sqlite" else fresh_database(request.getfixturevalue("postgresql_url"))
    folder: Path = tmp_path_factory.mktemp("installation")
    with Installation(folder, database_url=url, MASTHEAD_INGEST_PROCESSES="2") as installation:
        yield installation


def send(masthead: Installation, headers: dict[str, str], fields: dict[str, Any]) -> requests.Response:
    return requests.post(
        f"{masthead.api}/v1/articles", json=ARTICLE | fields, headers=masthead.headers | headers, timeout=60
    )


def counters(masthead: Installation) -> dict[str, int]:
    """Every counter an article of ours stands in."""
    found = requests.get(f"{masthead.api}/v1/stats?days=1&top=1000", headers=masthead.headers, timeout=30).json()
    largest = {f"{kind}:{row['slug']}": row["articles"] for kind in KINDS for row in found[kind]}
    return {"total": found["total"], **largest}


KINDS = ("sections", "tags", "publishers", "bylines", "languages")
SLICES = (
    "total",
    "sections:economy",
    "tags:harbour",
    "publishers:test-agency",
    "bylines:ada-byron",
    "languages:en",
)


@pytest.mark.parametrize("by", ["idempotency key", "external_id", "both"])
def test_a_hundred_identical_submissions_at_once_are_one_article_everywhere(masthead: Installation, by: str) -> None:
    name = by.replace(" ", "-")
    headers = {} if by == "external_id" else {"Idempotency-Key": f"key-{name}"}
    fields = {"headline": f"Harbour reopens: {name}"} | ({} if by == "idempotency key" else {"external_id": name})
    masthead.key  # noqa: B018 - made before the rush
    before = counters(masthead)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: send(masthead, headers, fields), range(AT_ONCE)))
    # A repeat may be told to come back while the first is being stored; coming back, it gets the same receipt.
    assert {answer.status_code for answer in answers} <= {202, 409}
    answers = [send(masthead, headers, fields) if answer.status_code == 409 else answer for answer in answers]
    (article_id,) = {answer.json()["id"] for answer in answers}
    receipt = wait_for(lambda: published(masthead, article_id), what="the article to be published")
    assert receipt["version"] == 1
    for path in ("/feed.json", "/sections/economy/feed.json", "/tags/harbour/feed.json"):
        ids = [item["id"] for item in masthead.get(path).json()["items"]]
        assert ids.count(f"urn:uuid:{article_id}") == 1
    after = counters(masthead)
    assert {name: after[name] - before.get(name, 0) for name in SLICES} == dict.fromkeys(SLICES, 1)
    drift = masthead.masthead("verify", "--json", check=False)
    assert json.loads(drift.stdout)["drift"] == []


def published(masthead: Installation, article_id: str) -> dict[str, Any] | None:
    answer = requests.get(
        f"{masthead.api}/v1/articles/{article_id}", headers=masthead.headers | {"Prefer": "wait=5"}, timeout=30
    )
    receipt = dict(answer.json())
    return receipt if receipt["state"] == "published" else None


def test_while_redis_is_killed_articles_are_taken_quickly_and_published_afterwards(masthead: Installation) -> None:
    masthead.key  # noqa: B018
    os.kill(masthead.pids()["valkey"], signal.SIGKILL)
    taken = []
    for number in range(20):
        started = time.monotonic()
        answer = send(masthead, {}, {"external_id": f"without-redis-{number}"})
        assert answer.status_code == 202, answer.text
        assert time.monotonic() - started < 5
        taken.append(answer.json()["id"])
    for article_id in taken:
        wait_for(
            lambda article_id=article_id: published(masthead, article_id), what="publication after Redis came back"
        )


def test_clients_that_send_slowly_do_not_hinder_the_others(masthead: Installation) -> None:
    head = (
        f"POST /v1/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {masthead.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    slow = []
    try:
        for number in range(200):
            connection = socket.create_connection(("127.0.0.1", masthead.ingest_port))
            # Some send nothing, some half a head, some half a body.
            connection.sendall(head.encode()[: (0, 60, len(head))[number % 3]])
            slow.append(connection)
        other = masthead.masthead("keys", "create", "Other Agency").stdout.strip()
        for _ in range(10):
            started = time.monotonic()
            assert send(masthead, {"Authorization": f"Bearer {other}"}, {}).status_code == 202
            assert requests.get(f"{masthead.api}/healthz", timeout=5).ok
            assert time.monotonic() - started < 5
    finally:
        for connection in slow:
            connection.close()


def test_a_body_of_50_megabytes_is_refused_and_costs_no_memory(masthead: Installation) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(800):
            yield b"x" * 65_536

    bodies: list[Callable[[], Any]] = [lambda: b"x" * 52_428_800, chunks]
    for body in bodies:
        answer = requests.post(
            f"{masthead.api}/v1/articles",
            data=body(),
            headers=masthead.headers | {"Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.status_code == 413
        assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_results_of_a_batch_arrive_while_it_is_being_stored(masthead: Installation) -> None:
    body = "".join(json.dumps(ARTICLE | {"external_id": f"stream-{number}"}) + "\n" for number in range(900))
    with requests.post(
        f"{masthead.api}/v1/articles/batch",
        data=body.encode(),
        headers=masthead.headers | {"Content-Type": "application/x-ndjson"},
        stream=True,
        timeout=60,
    ) as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))
        assert first["status"] == 202
        known = requests.post(
            f"{masthead.api}/v1/articles/batch",
            data=json.dumps(ARTICLE | {"external_id": "stream-899"}).encode(),
            headers=masthead.headers | {"Content-Type": "application/x-ndjson"},
            timeout=60,
        ).json()
        last = [json.loads(line) for line in lines][-1]
    # The last line was new to one of the two requests: to the later one, if the first had not come to it yet.
    assert {known["status"], last["status"]} == {200, 202}
    assert known["id"] == last["id"]
    assert known["status"] == 202, "the first result came only after the last line was stored"
