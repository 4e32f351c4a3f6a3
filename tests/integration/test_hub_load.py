"""Many subscribers, a tenth of them broken: the others have the newest revision, and never an older after a newer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.hub import run
from shared import engine
from tests.databases import fresh_database
from tests.hub import hub_office
from tests.hub_load import Crowd, Ledger, all_have, judge, placed
from tests.paper import Paper
from tests.subscribers import Subscribers

# PostgreSQL, where transactions really overlap.
pytestmark = pytest.mark.databases("postgresql")


def test_sixty_callbacks_and_twenty_articles(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STOPPING", 0.2)  # some never answer
    crowd, ledger, last = Crowd(60), Ledger(), 20
    with (
        Subscribers(behaviours=crowd.behaviours(), on_receive=ledger.note) as subscribers,
        hub_office(paper, subscribers, monkeypatch, PUSH_ALLOW=crowd.allowed(subscribers.port)) as hub,
    ):
        crowd.subscribe(hub.db, subscribers)
        for number in range(1, last + 1):
            hub.publish(headline=f"Bulletin {number} of {last}")
        hub.until(lambda: all_have(crowd, ledger, last))
        outcome = judge(crowd, ledger, placed(hub.db))
        assert (outcome.inversions, outcome.behind) == (0, [])
        assert max(subscribers.most_open.values()) <= 2
        failures = {each.callback_host: each.failures for each in hub.subscriptions()}
        assert all(failures[host] == 0 for number, host in enumerate(crowd.hosts) if not crowd.is_broken(number))


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_thousand_callbacks_and_two_hundred_articles(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = fresh_database(request.getfixturevalue("postgresql_url")) if kind == "postgresql" else ""
    outcome, _ = run(tmp_path, callbacks=1000, articles=200, rate=10.0, database_url=url)
    assert (outcome.inversions, outcome.behind) == (0, [])
    assert outcome.percentile(0.95) < 2.0, outcome
