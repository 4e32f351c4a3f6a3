"""One campaign: an installation of its own, publishers at work, faults meanwhile, silence, judgement."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from shared import crash
from shared.db import Database
from shared.listeners import ENRICH_ARTICLE
from tests.storm import moves, recorder
from tests.storm.checker import judge
from tests.storm.copies import judge_copies
from tests.storm.faults import Fault, SecondHost, Storm, inject, schedule
from tests.storm.history import Fate, fates
from tests.storm.looks import counted, look, open_posts, open_rows
from tests.storm.outside import Outside
from tests.storm.plan import AGENCIES, Story, make_stories, publisher_slug
from tests.storm.publishers import Publishers
from tests.storm.reader import Reader
from tests.storm.recorder import Recorder
from tests.system import Installation

# Open rows a second that the system gets through on a machine that is busy with other things too, and posts, each of
# which is several calls and commits.
RATE, POSTS_RATE = 50.0, 10.0
# Seconds until every crash point was reached; each costs a process and its new start.
CRASHES_WITHIN = 40.0


def thousand_stories(seed: int, now: datetime) -> list[Story]:
    return make_stories(seed, 1000, now)


@dataclass(frozen=True)
class Scenario:
    """What a campaign does. The default is the whole storm; aimed campaigns do one part of it."""

    stories: Callable[[int, datetime], list[Story]] = thousand_stories
    publishing: float = 40.0  # seconds over which submissions are spread, from the beginning
    seconds: float = 40.0  # over which the faults are spread, once every crash point was reached
    faults: Callable[[int, float], list[Fault]] = schedule
    crash_points: tuple[str, ...] = crash.POINTS
    second_host: bool = True
    outside: bool = True  # accounts on social networks and a subscriber of the hub
    processes: int = 1  # of the API, and pool children of the workers that have one by default
    steady_within: float = 30.0  # seconds after the last fault, beside what the backlog takes
    sabotage: str = ""  # module of tests/storm/sabotages


@dataclass(frozen=True)
class Verdict:
    seed: int
    recording: Path
    wrong: list[str]
    figures: dict[str, Any]

    def __str__(self) -> str:
        kinds = Counter(each.partition(":")[0] for each in self.wrong)
        counts = [f"{count} x {kind}" for kind, count in kinds.most_common()]
        return "\n".join([f"seed {self.seed}, recording {self.recording}, {self.figures}", *counts, *self.wrong[:40]])


def run(folder: Path, database_url: str, seed: int, scenario: Scenario) -> Verdict:
    """Runs one campaign in a folder of its own and judges it."""
    stories = scenario.stories(seed, datetime.now(UTC))
    with (
        closing(Recorder(folder / "recording.jsonl", seed)) as recording,
        Outside() as outside,
        _installation(folder, database_url, scenario, outside) as installation,
        closing(Database(installation.settings.sql_url)) as db,
    ):
        moves.watch(db)
        keys = {agency: installation.masthead("keys", "create", agency).stdout.strip() for agency in AGENCIES}
        if scenario.outside:
            outside.connect(installation)
        storm = _storm(installation, recording, keys, stories, seed, scenario)
        figures = _silence(installation, recording, db, scenario)
        lines = recorder.read(recording.path)
        known = fates(stories, lines)
        ids = {article_id: fate.story.agency for fate in known.values() for article_id in fate.ids}
        seen = look(installation, keys, ids, _slices(known), _pages(known))
        wrong = [
            *figures.pop("unsteady"),
            *(f"missed fault: {each}" for each in storm.missed),
            *(f"not visited: crash point {point}" for point in _unvisited(installation, scenario)),
            *judge(known, lines, seen),
            *(judge_copies(known, seen, outside.copies()) if scenario.outside else ()),
        ]
        figures |= _figures(known, lines, storm)
        recording.note("judged", wrong=wrong, figures=figures)
        return Verdict(seed, recording.path, wrong, figures)


@contextmanager
def _installation(folder: Path, database_url: str, scenario: Scenario, outside: Outside) -> Iterator[Installation]:
    processes = str(scenario.processes)
    installation = Installation(
        folder,
        database_url=database_url,
        MASTHEAD_CRASH_AT=",".join(scenario.crash_points),
        MASTHEAD_INGEST_PROCESSES=processes,
        MASTHEAD_COUNT_PROCESSES=processes,
        MASTHEAD_FEED_WORKER_PROCESSES=processes,
        MASTHEAD_FEED_MOST_ITEMS="5000",  # every feed then reaches back to the first article of the campaign
        STORM_SABOTAGE=scenario.sabotage,
        STORM_HASTE="yes",
        **outside.environment,
    )
    inject(installation.environment)
    with installation:
        yield installation


def _storm(
    installation: Installation,
    recording: Recorder,
    keys: dict[str, str],
    stories: list[Story],
    seed: int,
    scenario: Scenario,
) -> Storm:
    """Lets publishers loose, then every crash point, then all other faults; returns when all are done."""
    storm = Storm(installation, recording, scenario.faults(seed, scenario.seconds), seed)
    publishers = Publishers(installation, recording, keys, seed)
    publishing = threading.Thread(
        target=publishers.run, args=(stories,), kwargs={"seconds": scenario.publishing}, daemon=True
    )
    with closing(SecondHost(installation, recording)) as second, closing(Reader(installation, recording)) as reader:
        reader.start()
        publishing.start()
        _visit_crash_points(installation, scenario)
        storm.start()
        if scenario.second_host:
            second.start()
            second.stand_still(ENRICH_ARTICLE.lease + 5, within=scenario.publishing)
        storm.join()
        publishers.lose_patience(after=scenario.steady_within)
        publishing.join()
    return storm


def _visit_crash_points(installation: Installation, scenario: Scenario) -> None:
    """Waits until the work under way has led through all of them, while nobody else could take it another way."""
    deadline = time.monotonic() + CRASHES_WITHIN
    while _unvisited(installation, scenario) and time.monotonic() < deadline:
        time.sleep(0.1)


def _silence(installation: Installation, recording: Recorder, db: Database, scenario: Scenario) -> dict[str, Any]:
    """Waits until the installation is steady by itself: seconds it took, and what is not so when its time is over."""
    began = time.monotonic()
    with db.read() as session:
        rows, posts = len(open_rows(session)), len(open_posts(session))
    recording.note("silence", backlog=rows, posts=posts)
    until = began + scenario.steady_within + rows / RATE + posts / POSTS_RATE
    while (unsteady := _unsteady(installation, db)) and time.monotonic() < until:
        time.sleep(0.25)
    steady_after = round(time.monotonic() - began, 1)
    figures = {"unsteady": unsteady, "backlog": rows, "waiting posts": posts, "steady after": steady_after}
    recording.note("steady", **figures)
    return figures


def _unsteady(installation: Installation, db: Database) -> list[str]:
    """Steady is: nothing is left to do, both webs are ready, and the masthead says what the record says."""
    with db.read() as session:
        left, total = [*open_rows(session), *open_posts(session)], counted(session)
    if left:
        return [f"not steady: {len(left)} pieces of work are left, among them {left[0]}"]
    try:
        for url in (installation.feed, installation.api):
            if not requests.get(f"{url}/readyz", timeout=5).ok:
                return [f"not steady: {url} is not ready"]
        said = requests.get(f"{installation.feed}/masthead.json", timeout=5).json()["total"]["count"]
    except requests.RequestException as error:
        return [f"not steady: {type(error).__name__}"]
    return [] if said == total else [f"not steady: the masthead says {said}, the record {total}"]


def _unvisited(installation: Installation, scenario: Scenario) -> list[str]:
    return [each for each in scenario.crash_points if not (installation.var / f"crashed-at-{each}").exists()]


def _slices(known: dict[str, Fate]) -> set[str]:
    versions = [version for fate in known.values() for version in fate.story.versions]
    return {f"publisher:{publisher_slug(agency)}" for agency in AGENCIES}.union(*(each.slices for each in versions))


def _pages(known: dict[str, Fate]) -> set[str]:
    """Articles to be looked at on their own pages: all that were edited or withdrawn, and every tenth."""
    chosen = [
        fate
        for place, fate in enumerate(known.values())
        if place % 10 == 0 or len(fate.story.versions) > 1 or fate.withdrawn != recorder.FAIL
    ]
    return {article_id for fate in chosen for article_id in fate.ids}


def _figures(known: dict[str, Fate], lines: list[dict[str, Any]], storm: Storm) -> dict[str, Any]:
    ends = Counter(line["type"] for line in lines if line["type"] in recorder.OUTCOMES and line["op"] != "read")
    return {
        "accepted": sum(fate.accepted == recorder.OK for fate in known.values()),
        "unknown": sum(fate.accepted == recorder.INFO for fate in known.values()),
        "replaced": sum(fate.versions[-1].number > 1 for fate in known.values()),
        "withdrawn": sum(fate.withdrawn == recorder.OK for fate in known.values()),
        "calls": dict(ends),
        "faults": storm.done,
    }
