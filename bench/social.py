"""Posting to social networks, on a whole installation with a local stand-in of every network.

.venv/bin/python -m bench.social                    # speed: posts a second, time from visible to sent, about 2 minutes
.venv/bin/python -m bench.social --only losses      # 10,000 posts, lost answers, killed workers: some 15 minutes
.venv/bin/python -m bench.social --only dead        # 1,000 accounts, one network that does not answer
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from sqlalchemy import select

from shared.db import Database
from shared.models import Placement, SocialAccount, SocialPost
from tests.networks.server import Fault
from tests.social_load import Killer, Networks, enrol_all, judge, networks, open_posts, planned
from tests.system import Installation, wait_for

# Of what went wrong, so many lines are printed.
SHOWN = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("speed", "cost", "losses", "dead"))
    parser.add_argument("--articles", type=int, default=304)
    parser.add_argument("--each", type=int, default=3, help="accounts on every network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; else SQLite")
    chosen = parser.parse_args()
    for name, run in {"speed": speed, "cost": cost, "losses": losses, "dead": dead}.items():
        if chosen.only == name or (chosen.only is None and name in ("speed", "cost")):
            with tempfile.TemporaryDirectory() as folder:
                run(Path(folder), chosen)


def speed(folder: Path, chosen: argparse.Namespace) -> None:
    """One account on each network, an article every second: from its place in the feed to each post."""
    with networks(1) as world, running(folder, world, chosen) as (installation, db):
        names = enrol_all(installation, db, world.servers)
        for number in range(1, 41):
            begun = time.monotonic()
            submit(installation, [number])
            time.sleep(max(0.0, begun + 1 - time.monotonic()))
        wait_for(lambda: planned(db) == 40 * len(names) and not open_posts(db), seconds=120)
        waits = sorted(_waits(db))
        p95 = waits[int(len(waits) * 0.95)]
        print(
            f"{len(waits)} posts on {len(names)} networks, from visible to sent: p50 {statistics.median(waits):.2f} s, "
            f"p95 {p95:.2f} s, at most {waits[-1]:.2f} s (aim: p95 below 2 s)"
        )


def cost(folder: Path, chosen: argparse.Namespace) -> None:
    """A hundred articles at once on each network: posts a second, and processor time a post."""
    with networks(3) as world, running(folder, world, chosen) as (installation, db):
        names = enrol_all(installation, db, world.servers)
        before, begun = _cpu(installation), time.monotonic()
        submit(installation, range(1, 101))
        wait_for(lambda: planned(db) == 100 * len(names) and not open_posts(db), seconds=600)
        seconds, cpu = time.monotonic() - begun, _cpu(installation) - before
        posts = 100 * len(names)
        each = cpu / posts * 1000
        print(
            f"{posts} posts planned and sent by one worker: {posts / seconds:.0f} a second, {each:.1f} ms of CPU each"
        )
    for server_class in {type(server) for server in world.servers}:
        with networks(3) as world, running(folder / server_class.__name__, world, chosen) as (installation, db):
            only = [server for server in world.servers if type(server) is server_class]
            enrol_all(installation, db, only)
            before = _cpu(installation)
            submit(installation, range(1, 31))
            wait_for(lambda db=db: planned(db) == 90 and not open_posts(db), seconds=120)
            print(f"  {only[0].network.name}: {(_cpu(installation) - before) / 90 * 1000:.1f} ms of CPU a post")


def losses(folder: Path, chosen: argparse.Namespace) -> None:
    """Every tenth answer is lost or wrong, and the worker is killed again and again."""
    dice = random.Random(chosen.seed)
    with (
        networks(chosen.each, accidents=0.1, seed=chosen.seed) as world,
        running(folder, world, chosen) as (installation, db),
    ):
        names = enrol_all(installation, db, world.servers)
        with Killer(installation, dice, (8.0, 30.0)) as killer:
            for begin in range(1, chosen.articles + 1, 20):
                submit(installation, range(begin, min(begin + 20, chosen.articles + 1)))
                wait_for(lambda: open_posts(db) < 20 * len(names), seconds=3600)
            wait_for(
                lambda: planned(db) == chosen.articles * len(names) and not open_posts(db),
                seconds=3600,
                what="all posts",
            )
        verdict = judge(db, world, names, chosen.articles)
        print(f"{verdict}; the worker was killed {killer.kills} times (seed {chosen.seed})")
        for line in (*verdict.doubled, *verdict.lost)[:SHOWN]:
            print(f"  {line}")


def dead(folder: Path, chosen: argparse.Namespace) -> None:
    """A thousand accounts, a tenth on a server that takes everything and never answers, against the same without it."""
    medians = []
    for broken in (False, True):
        with networks(1) as world, running(folder / str(broken), world, chosen) as (installation, db):
            well = [server for server in world.servers if server.network.name != "mastodon"]
            (other,) = [server for server in world.servers if server.network.name == "mastodon"]
            names = enrol_all(installation, db, well, 90)
            enrol_all(installation, db, [other], 100)
            if broken:
                other.chance = lambda: Fault.HANG  # type: ignore[method-assign]
            submit(installation, [1])
            wait_for(lambda db=db, names=names: _sent(db, but="mastodon") == len(names), seconds=300)
            waits = sorted(_waits(db, but="mastodon"))
            medians.append((statistics.median(waits), waits[int(len(waits) * 0.95)]))
    (calm, calm95), (hit, hit95) = medians
    print(
        f"1,000 accounts, visible to sent on the others: p50 {calm:.1f} s, p95 {calm95:.1f} s; beside a network that "
        f"never answers p50 {hit:.1f} s, p95 {hit95:.1f} s: {hit95 / calm95:.2f} of it"
    )


@contextmanager
def running(folder: Path, world: Networks, chosen: argparse.Namespace) -> Iterator[tuple[Installation, Database]]:
    folder.mkdir(exist_ok=True)
    installation = Installation(folder, database_url=chosen.database, MASTHEAD_SOCIAL_ALLOW=world.allowed)
    with installation, closing(Database(installation.settings.sql_url)) as db:
        yield installation, db


def submit(installation: Installation, numbers: Sequence[int]) -> None:
    installation.batch(
        [
            {
                "headline": f"Bulletin {number} of the bench",
                "body": f"<p>What bulletin {number} has to say, in a sentence or two.</p>",
                "language": "en",
                "external_id": f"bulletin-{number}",
                "tags": ["Bench"],
            }
            for number in numbers
        ]
    )


def _waits(db: Database, but: str = "") -> list[float]:
    """Seconds from an article's place in the feed to each of its posts."""
    query = (
        select(SocialPost.sent_at, Placement.placed_at)
        .join(Placement, Placement.article_seq == SocialPost.article_seq)
        .join(SocialAccount, SocialAccount.id == SocialPost.account_id)
        .where(SocialPost.sent_at.is_not(None), SocialAccount.network != but)
    )
    with db.read() as session:
        return [sent_at - placed_at.timestamp() for sent_at, placed_at in session.execute(query)]


def _sent(db: Database, but: str) -> int:
    return len(_waits(db, but))


def _cpu(installation: Installation) -> float:
    root = psutil.Process(installation.pids()["social-worker"])
    return sum(sum(each.cpu_times()[:2]) for each in [root, *root.children(recursive=True)])


if __name__ == "__main__":
    main()
