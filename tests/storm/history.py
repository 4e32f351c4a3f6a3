"""What the recording obliges the product to: for each story, what may be true of it now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.storm.plan import Story, Version, publisher_slug
from tests.storm.recorder import FAIL, INFO, OK, OUTCOMES


@dataclass(frozen=True)
class Fate:
    """A story as its publisher knows it: each outcome is the best of all attempts."""

    story: Story
    accepted: str  # ok, fail, info
    ids: frozenset[str]  # those it was acknowledged under: one, or something is wrong
    versions: tuple[Version, ...]  # those it may show, oldest first; more than one when an answer is missing
    withdrawn: str
    unfinished: tuple[str, ...]  # what had no answer when its publisher, who does not give up, had to stop trying

    @property
    def must_stand(self) -> bool:
        return self.accepted == OK and self.withdrawn == FAIL

    @property
    def may_stand(self) -> bool:
        return self.accepted != FAIL and self.withdrawn != OK

    @property
    def slices(self) -> tuple[set[str], set[str]]:
        """Those in which it must stand if it stands, and those in which it may; its day is for others to say."""
        publisher = f"publisher:{publisher_slug(self.story.agency)}"
        possible = [version.slices | {publisher} for version in self.versions]
        return set.intersection(*possible), set.union(*possible)


def fates(stories: Iterable[Story], lines: Iterable[dict[str, Any]]) -> dict[str, Fate]:
    """By key."""
    best: dict[tuple[str, str, int], str] = {}
    ids = defaultdict(set)
    for line in lines:
        if line["type"] not in OUTCOMES or line["op"] == "read":
            continue
        what = (line["key"], line["op"], line.get("version", 1))
        best[what] = min(best.get(what, FAIL), line["type"], key=OUTCOMES.index)
        if line["op"] == "submit" and line["type"] == OK:
            ids[line["key"]].add(line["id"])
    return {story.key: _fate(story, best, frozenset(ids[story.key])) for story in stories}


def _fate(story: Story, best: dict[tuple[str, str, int], str], ids: frozenset[str]) -> Fate:
    accepted = best.get((story.key, "submit", 1), FAIL)
    replaced = {version.number: best.get((story.key, "replace", version.number)) for version in story.versions[1:]}
    shown = [version for version in story.versions[1:] if replaced[version.number] in (OK, INFO)]
    certain = [version for version in shown if replaced[version.number] == OK]
    last = certain[-1] if certain else story.versions[0]
    withdrawn = best.get((story.key, "withdraw", 1))
    tried = {"submit": accepted, "withdraw": withdrawn}
    tried |= {f"replace by version {number}": outcome for number, outcome in replaced.items()}
    stubborn = story.repeatable and not story.gives_up
    return Fate(
        story=story,
        accepted=accepted,
        ids=ids,
        versions=(last, *(version for version in shown if version.number > last.number)),
        withdrawn=withdrawn or FAIL,
        unfinished=tuple(what for what, end in tried.items() if end == FAIL or (end == INFO and stubborn)),
    )
