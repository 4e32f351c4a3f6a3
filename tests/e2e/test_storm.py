"""The crash campaign: whatever is killed, nothing is lost or doubled, and all is steady again by itself.

What it does and what it judges: docs/reliability.md.

`make storm SEEDS=5` runs more seeds, `make storm SEED=4711` the same one again.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.storm.campaign import Scenario, run
from tests.storm.faults import schedule
from tests.storm.plan import Story, make_stories

pytestmark = pytest.mark.storm


def seeds() -> list[int]:
    if given := os.environ.get("STORM_SEED"):
        return [int(each) for each in given.split(",")]
    # The same in every process of a run that has several.
    dice = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
    return dice.sample(range(1_000_000), int(os.environ.get("STORM_SEEDS") or 1))


def some_stories(seed: int, now: datetime) -> list[Story]:
    return make_stories(seed, 400, now)


def scenario(processes: int) -> Scenario:
    """The whole storm where somebody asked for it, a shorter one in every test run."""
    whole = Scenario(processes=processes)
    if os.environ.get("STORM_SEEDS") or os.environ.get("STORM_SEED"):
        return whole
    shorter = replace(whole, stories=some_stories, seconds=18, faults=partial(schedule, kills=2))
    return replace(shorter, second_host=processes > 1)


# PostgreSQL stands for the larger house: there, everything that may run more than once does, on two hosts.
@pytest.mark.parametrize(("database", "processes"), [("sqlite", 1), ("postgresql", 2)])
@pytest.mark.parametrize("seed", seeds())
def test_a_storm_loses_and_doubles_nothing(
    database: str, processes: int, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = fresh_database(request.getfixturevalue("postgresql_url")) if database == "postgresql" else ""
    verdict = run(tmp_path, url, seed, scenario(processes))
    with request.getfixturevalue("capsys").disabled():
        print(f"\n{database}: seed {seed}, {verdict.figures}")
    assert not verdict.wrong, f"on {database}: {verdict}"
