"""The campaign can tell good from bad: each promise that is broken from outside turns it red.

Each campaign is aimed at the fault that reveals its sabotage, and is green without it (`make sabotage` shows both).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.storm.campaign import Scenario, run
from tests.storm.faults import Fault
from tests.storm.plan import Story, make_stories

SEED = 1


def some(seed: int, now: datetime) -> list[Story]:
    return make_stories(seed, 150, now)


def all_twice(seed: int, now: datetime) -> list[Story]:
    """Stories that an impatient CMS sends twice at the same moment."""
    return [
        replace(story, versions=story.versions[:1], withdrawn_after=None, twice=True, idempotency_key=None)
        for story in make_stories(seed, 400, now)
        if story.external_id
    ]


def flushes(seed: int, seconds: float) -> list[Fault]:
    return [Fault(seconds * place / 10, "flush", "valkey") for place in range(1, 10)]


CALM = Scenario(
    stories=some,
    publishing=6,
    seconds=6,
    faults=lambda seed, seconds: [],
    crash_points=(),
    second_host=False,
    outside=False,
)
AIMED = {
    # sabotage: database, campaign, what it is found by
    "acknowledged_early": ("sqlite", replace(CALM, crash_points=("enrich.after_claim", "feed.before_commit")), "lost"),
    "plain_increments": ("sqlite", replace(CALM, faults=flushes, steady_within=12), "drift"),
    "sweep_removed": ("sqlite", replace(CALM, crash_points=("enrich.after_claim",)), "lost"),
    "constraint_dropped": ("postgresql", replace(CALM, stories=all_twice, processes=2), "doubled"),
    "token_ignored": ("sqlite", replace(CALM, publishing=12, seconds=12, second_host=True), "illegal move"),
}
QUICK = ("acknowledged_early", "plain_increments")


def cases() -> list[object]:
    """The quick ones are part of every test run, the others of `make sabotage`."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.thorough) for name in AIMED]


def campaign(name: str, sabotage: str, folder: Path, request: pytest.FixtureRequest) -> list[str]:
    database, scenario, _ = AIMED[name]
    url = fresh_database(request.getfixturevalue("postgresql_url")) if database == "postgresql" else ""
    return run(folder, url, SEED, replace(scenario, sabotage=sabotage)).wrong


@pytest.mark.storm
@pytest.mark.parametrize("name", cases())
def test_a_sabotage_turns_the_campaign_red(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    wrong = campaign(name, name, tmp_path, request)
    sign = AIMED[name][2]
    assert any(each.startswith(sign) for each in wrong), f"found {wrong[:10]}, see {tmp_path}"


@pytest.mark.storm
@pytest.mark.thorough
@pytest.mark.parametrize("name", AIMED)
def test_the_same_campaign_is_green_without_it(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert not campaign(name, "", tmp_path, request)
