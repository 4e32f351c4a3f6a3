"""Named places at which a process can be told to die, so that tests visit every one of them."""

from __future__ import annotations

import os
from pathlib import Path

POINTS = (
    "ingest.before_commit",
    "ingest.after_commit",
    "relay.after_offer",
    "relay.after_hints",
    "enrich.after_claim",
    "enrich.after_pipeline",
    "enrich.before_commit",
    "enrich.after_commit",
    "count.after_claim",
    "count.before_commit",
    "count.after_commit",
    "count.after_mirror",
    "feed.after_claim",
    "feed.before_commit",
    "feed.after_commit",
    "feed.after_announcement",
    "push.after_claim",
    "push.after_call",
    "push.before_commit",
    "push.after_commit",
    "social.after_claim",
    "social.after_arming",
    "social.after_call",
    "social.before_commit",
    "social.after_commit",
)

_armed: dict[str, Path] = {}


def arm(points: str, var: Path) -> None:
    """Makes `reach` end the process at each of these points (names joined by commas), once each per MASTHEAD_VAR:
    the process that is started anew passes."""
    wanted = [point.strip() for point in points.split(",") if point.strip()]
    for point in wanted:
        if point not in POINTS:
            raise ValueError(f"MASTHEAD_CRASH_AT: {point!r} is no crash point; there are: {', '.join(POINTS)}")
    _armed.clear()
    _armed.update({point: var / f"crashed-at-{point}" for point in wanted})


def reach(point: str) -> None:
    """Dies like a `kill -9` would make it when this point is armed; otherwise does nothing."""
    if point not in _armed:
        return
    try:
        _armed[point].touch(exist_ok=False)
    except FileExistsError:
        return
    os._exit(137)
