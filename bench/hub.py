"""How fast the hub tells its subscribers, on a whole installation: 1,000 callbacks, a tenth of them broken.

    .venv/bin/python -m bench.hub            # about a minute

The time counted is from an article's place in the feed to its arrival, for every article and every healthy callback.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

from bench.copy import article
from shared.db import Database
from tests.hub_load import Crowd, Ledger, Outcome, all_have, how_many_placed, judge, placed
from tests.subscribers import Subscribers
from tests.system import Installation, wait_for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callbacks", type=int, default=1000)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="articles a second")
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; else SQLite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome, cpu = run(Path(folder), chosen.callbacks, chosen.articles, chosen.rate, chosen.database)
    print(f"{chosen.callbacks} callbacks, {chosen.articles} articles at {chosen.rate:g} a second: {outcome}")
    print(f"CPU of the push worker: {cpu / max(1, outcome.deliveries) * 1000:.2f} ms a delivery")


def run(folder: Path, callbacks: int, articles: int, rate: float, database_url: str = "") -> tuple[Outcome, float]:
    """One load; also seconds of processor time that the push worker took."""
    crowd, ledger = Crowd(callbacks), Ledger()
    with Subscribers(keeps_bodies=True, behaviours=crowd.behaviours(), on_receive=ledger.note) as subscribers:
        subscribers.received = _Nothing()
        installation = Installation(
            folder, database_url=database_url, MASTHEAD_PUSH_ALLOW=crowd.allowed(subscribers.port)
        )
        with installation, closing(Database(installation.settings.sql_url)) as db:
            crowd.subscribe(db, subscribers)
            before = _cpu(installation)
            begin = time.monotonic()
            for number in range(1, articles + 1):
                time.sleep(max(0.0, begin + (number - 1) / rate - time.monotonic()))
                made = article(number, seed=3) | {"headline": f"Bulletin {number} of the bench"}
                installation.submit(wait=0, **made)
            wait_for(lambda: how_many_placed(db) >= articles, seconds=60)
            wait_for(lambda: all_have(crowd, ledger, articles), seconds=60, what="every healthy callback")
            return judge(crowd, ledger, placed(db)), _cpu(installation) - before


class _Nothing(list):  # type: ignore[type-arg]
    """Forgets what it is given: bodies of a long run would fill the memory."""

    def append(self, _: object) -> None:
        pass


def _cpu(installation: Installation) -> float:
    root = psutil.Process(installation.pids()["push-worker"])
    return sum(sum(each.cpu_times()[:2]) for each in [root, *root.children(recursive=True)])


if __name__ == "__main__":
    main()
