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
)

_armed: tuple[str, Path] | None = None


def arm(point: str, var: Path) -> None:
    """Makes `reach(point)` end the process, once per MASTHEAD_VAR: the restarted process passes."""
    global _armed
    if point and point not in POINTS:
        raise ValueError(f"MASTHEAD_CRASH_AT={point!r} is no crash point; there are: {', '.join(POINTS)}")
    _armed = (point, var / f"crashed-at-{point}") if point else None


def reach(point: str) -> None:
    """Dies like a `kill -9` would make it when this point is armed; otherwise does nothing."""
    if _armed is None or _armed[0] != point:
        return
    try:
        _armed[1].touch(exist_ok=False)
    except FileExistsError:
        return
    os._exit(137)
