"""What thousands of idle listeners of the live stream cost, measured on a whole installation of its own.

    .venv/bin/python -m bench.live               # needs wrk on the path; about two minutes

All listeners sit on the one process of push; the machine also runs everything else, and the listeners themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bench.copy import article
from bench.journey import post, wait_until_published, wrk
from tests.listeners import Crowd
from tests.system import Installation, wait_for

T = TypeVar("T")

IDENTITY = {"Accept-Encoding": "identity"}
ROUNDS = 3
EVENTS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, default=2000)
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 2 * chosen.listeners + 1000), most))
    places = {f"MASTHEAD_LIVE_LISTENERS{of}": str(chosen.listeners + 10) for of in ("", "_PER_ADDRESS")}
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder), **places) as masthead:
        masthead.batch([article(number, seed=5) for number in range(100)])
        wait_until_published(masthead)
        for name, value in rows(masthead, chosen.listeners):
            print(f"{name:<58}  {value}", flush=True)


def rows(masthead: Installation, listeners: int) -> list[tuple[str, str]]:
    loop = Loop()
    server = push_server(masthead)
    wrk(f"{masthead.feed}/feed.rss", IDENTITY)
    rates: dict[bool, list[float]] = {True: [], False: []}
    before = server.memory_info().rss
    opened: list[float] = []
    for _ in range(ROUNDS):
        rates[False].append(wrk(f"{masthead.feed}/feed.rss", IDENTITY))
        crowd = Crowd("127.0.0.1", masthead.push_port)
        started = time.monotonic()
        tasks = loop.run(crowd.gather(listeners)).result(120)
        opened.append(time.monotonic() - started)
        assert crowd.ended == 0, f"{crowd.ended} streams were not opened"
        full = server.memory_info().rss
        rates[True].append(wrk(f"{masthead.feed}/feed.rss", IDENTITY))
        if len(opened) < ROUNDS:
            loop.run(end(tasks)).result(60)
            wait_for(lambda crowd=crowd: crowd.ended == listeners)  # type: ignore[misc]
    told, spread = tell(masthead, crowd, listeners)
    loop.run(end(tasks)).result(60)
    without, beside = (statistics.median(rates[each]) for each in (False, True))
    return [
        (f"time to open {listeners:,} streams", f"{statistics.median(opened):.1f} s"),
        ("memory of the push server, idle", f"{before / 1e6:,.0f} MB"),
        (
            f"the same with {listeners:,} listeners",
            f"{full / 1e6:,.0f} MB, {(full - before) / listeners / 1e3:.1f} kB each",
        ),
        (f"POST to told, {EVENTS} articles, each listener", quantiles(told)),
        ("first listener told to each other told", quantiles(spread)),
        ("RSS GET, no listeners", f"{without:,.0f} a second"),
        (f"RSS GET, {listeners:,} idle listeners", f"{beside:,.0f} a second, ratio {beside / without:.2f}"),
    ]


def push_server(masthead: Installation) -> psutil.Process:
    """The process that holds the streams: the child of the one that was started."""
    (child,) = psutil.Process(masthead.pids()["push"]).children()
    return child


def tell(masthead: Installation, crowd: Crowd, listeners: int) -> tuple[list[float], list[float]]:
    """Seconds from each POST, and from the first listener that was told, to every listener."""
    told: list[float] = []
    spread: list[float] = []
    for number in range(EVENTS):
        known = set(crowd.arrivals)
        started = time.monotonic()
        post(masthead, article(50_000 + number, seed=5))
        (new,) = wait_for(lambda known=known: set(crowd.arrivals) - known)  # type: ignore[misc]
        times = crowd.arrivals[new]
        wait_for(lambda times=times: len(times) == listeners)  # type: ignore[misc]
        told += [each - started for each in times]
        spread += [each - times[0] for each in times]
    return told, spread


def quantiles(seconds: list[float]) -> str:
    ranks = statistics.quantiles(seconds, n=100)
    return f"p50 {ranks[49] * 1000:,.0f} ms, p99 {ranks[98] * 1000:,.0f} ms, at most {max(seconds) * 1000:,.0f} ms"


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, what: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)


if __name__ == "__main__":
    main()
