"""What polling costs: feeds from the service and from the edge, beside nginx serving the same bytes from files.

    .venv/bin/python -m bench.feeds                          # 1,000 articles; needs wrk and nginx; about five minutes
    .venv/bin/python -m bench.feeds --articles 136743        # the large archive as well, for comparison

One worker process each, wrk with 64 connections; every ratio is one of medians taken in turn in one run.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests

from bench.copy import article
from tests.edge import edge, nginx
from tests.system import Installation, free_port, wait_for

CONNECTIONS = 64
WRK_SECONDS = 2
ROUNDS = 3
BURST = 50
KINDS = ("identity", "gzip", "304")
TAG_FEEDS = 10_000

Row = tuple[str, str]


@dataclass(frozen=True)
class House:
    """What is measured: the service, the edge before it, and a plain nginx with the same bytes."""

    masthead: Installation
    edge: str
    static: str

    @property
    def hosts(self) -> dict[str, str]:
        return {"service": self.masthead.feed, "edge": self.edge, "nginx": self.static}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1000, help="size of the archive")
    parser.add_argument("--only", default="", help="measure only the parts whose name holds this")
    chosen = parser.parse_args()
    for tool in ("wrk", "nginx"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), chosen.articles) as here:
        for name, part in PARTS.items():
            if chosen.only in name:
                for row, value in part(here):
                    print(f"{row:<58}  {value}", flush=True)


@contextmanager
def house(folder: Path, articles: int) -> Iterator[House]:
    port, base = free_port(), "https://courier.example"
    environment = {"MASTHEAD_EDGE_FOLDER": str(folder / "documents"), "MASTHEAD_BASE_URL": base}
    with ExitStack() as stack:
        masthead = stack.enter_context(Installation(folder, **environment))
        fill(masthead, articles)
        address = stack.enter_context(
            edge(folder / "edge", folder / "documents", feed=masthead.feed_port, push=masthead.push_port, base_url=base)
        )
        root = folder / "static"
        for path in FEEDS:
            keep(masthead.feed + path, root / path.removeprefix("/"))
        static = stack.enter_context(nginx(folder / "nginx", static_server(port, root), port))
        here = House(masthead, address, static)
        wait_for(lambda: all(requests.head(address + path, timeout=5).ok for path in FEEDS))
        yield here


def fill(masthead: Installation, count: int) -> None:
    """Articles of the last ten years, four hours apart or less, so that the feed holds its usual 50."""
    step = min(timedelta(hours=4), timedelta(days=3650) / count)
    newest = datetime.now(UTC) - timedelta(hours=1)
    started, sent = time.monotonic(), 0
    for start in range(0, count, 500):
        numbers = range(start, min(count, start + 500))
        masthead.batch([article(number, newest - step * (count - number), seed=3) for number in numbers])
        sent += len(numbers)
        if sent % 10_000 == 0:
            print(f"{sent:,} articles accepted in {time.monotonic() - started:,.0f} s", flush=True)
    masthead.masthead("verify", "--wait", "3600", check=False, timeout=4000)


FEEDS = ("/feed.rss",)


def keep(url: str, file: Path) -> None:
    """The bytes the service gives, as files for a plain nginx."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(fetch(url, "identity"))
    Path(f"{file}.gz").write_bytes(fetch(url, "gzip"))


def fetch(url: str, coding: str) -> bytes:
    answer = requests.get(url, headers={"Accept-Encoding": coding}, timeout=30, stream=True)
    return bytes(answer.raw.read(decode_content=False))


def static_server(port: int, root: Path) -> str:
    return f"""
        sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on; open_file_cache max=100;
        types {{ application/rss+xml rss; }}
        server {{ listen 127.0.0.1:{port}; root {root}; }}"""


# Parts


def throughput(here: House) -> Iterator[Row]:
    size = len(fetch(here.masthead.feed + "/feed.rss", "identity"))
    yield (
        "RSS of 50 items",
        f"{size / 1000:,.0f} kB, {len(fetch(here.masthead.feed + '/feed.rss', 'gzip')) / 1000:,.0f} kB gzip",
    )
    for kind in KINDS:
        found: dict[str, list[Measured]] = {name: [] for name in here.hosts}
        for _ in range(ROUNDS):
            for name, url in here.hosts.items():
                found[name].append(wrk(f"{url}/feed.rss", asking(f"{url}/feed.rss", kind)))
        rate = {name: statistics.median(each.rate for each in of) for name, of in found.items()}
        cpu = {name: statistics.median(each.cpu for each in of) * 1e6 for name, of in found.items()}
        for name in ("service", "edge"):
            yield (
                f"{kind} from the {name}",
                f"{rate[name]:,.0f} a second, nginx {rate['nginx']:,.0f}, ratio {rate[name] / rate['nginx']:.2f}; "
                f"CPU {cpu[name]:.1f} us each, nginx {cpu['nginx']:.1f}",
            )


def asking(url: str, kind: str) -> dict[str, str]:
    headers = {"Accept-Encoding": "gzip" if kind == "gzip" else "identity"}
    if kind == "304":
        headers["If-None-Match"] = requests.get(url, headers=headers, timeout=10).headers["ETag"]
    return headers


def burst(here: House) -> Iterator[Row]:
    """A poller that always takes the newest revision, idle and while 50 articles a second are published."""
    url = f"{here.masthead.feed}/feed.rss"
    for name, headers in (("gzip", {"Accept-Encoding": "gzip"}), ("304", asking(url, "304"))):
        idle = wrk(url, headers, connections=4, seconds=10)
        publishing = threading.Event()
        publishing.set()
        publisher = threading.Thread(target=publish, args=(here.masthead, publishing))
        publisher.start()
        time.sleep(1)
        busy = wrk(url, headers, connections=4, seconds=10)
        publishing.clear()
        publisher.join()
        yield (
            f"p99 of {name}, idle and at {BURST} publishes a second",
            f"{idle.p99 * 1000:,.2f} ms, {busy.p99 * 1000:,.2f} ms, ratio {busy.p99 / idle.p99:.1f}",
        )
        here.masthead.masthead("verify", "--wait", "300", check=False, timeout=400)


def publish(masthead: Installation, publishing: threading.Event) -> None:
    begin, number = time.monotonic(), int(time.time() * 1000)
    while publishing.is_set():
        masthead.batch([article(number + place, seed=11) for place in range(BURST // 5)])
        number += BURST // 5
        begin += 0.2
        time.sleep(max(0.0, begin - time.monotonic()))


def many_feeds(here: House) -> Iterator[Row]:
    """Each of 10,000 tag feeds in turn: first made, then polled again with its tag."""
    names = [f"feed-{number}" for number in range(TAG_FEEDS)]
    for start in range(0, TAG_FEEDS, 500 * 10):
        made = [
            article(10**7 + place, seed=12) | {"tags": names[place * 10 : place * 10 + 10]}
            for place in range(start // 10, (start + 500 * 10) // 10)
        ]
        here.masthead.batch(made)
    here.masthead.masthead("verify", "--wait", "600", check=False, timeout=700)
    urls = [f"{here.masthead.feed}/tags/{name}/feed.rss" for name in names]
    tags: dict[str, str] = {}

    def poll(some: list[str]) -> None:
        session = requests.Session()
        for url in some:
            answer = session.get(url, headers={"If-None-Match": tags.get(url, '"none"')}, timeout=30)
            assert answer.status_code == (304 if url in tags else 200), answer.status_code
            tags.setdefault(url, answer.headers["ETag"])

    for name in ("made", "polled again"):
        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(poll, [urls[start::4] for start in range(4)]))
        yield f"{TAG_FEEDS:,} tag feeds, {name}", f"{TAG_FEEDS / (time.monotonic() - started):,.0f} a second"


def staleness(here: House) -> Iterator[Row]:
    """From the moment an article's receipt says that it is published, no answer of the edge may be without it."""
    stale, asked = 0, 50
    for number in range(asked):
        requests.get(f"{here.edge}/feed.rss", timeout=10)
        submission = article(number, seed=13)
        here.masthead.submit(**{name: value for name, value in submission.items() if name != "external_id"})
        answer = requests.get(f"{here.edge}/feed.rss", headers={"Accept-Encoding": "gzip"}, timeout=10)
        stale += str(submission["headline"]) not in answer.text
    yield "stale answers of the edge after a receipt of publication", f"{stale} of {asked}"


PARTS: dict[str, Callable[[House], Iterator[Row]]] = {
    "throughput": throughput,
    "burst": burst,
    "many": many_feeds,
    "staleness": staleness,
}


@dataclass(frozen=True)
class Measured:
    rate: float  # requests per second
    p99: float  # seconds
    cpu: float  # seconds of the server's processors for each request; says more than the rate on a busy machine


def wrk(url: str, headers: dict[str, str], *, connections: int = CONNECTIONS, seconds: int = WRK_SECONDS) -> Measured:
    """Any answer that is not a success makes the measurement void."""
    arguments = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *arguments, url]
    before = cpu_seconds(url)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(url) - before
    assert "Non-2xx" not in output or "If-None-Match" in headers, output
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    count = re.search(r"(\d+) requests in", output)
    assert rate and p99 and count, output
    slowest = float(p99[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[p99[2]]
    return Measured(float(rate[1]), slowest, used / int(count[1]))


def cpu_seconds(url: str) -> float:
    """What the processes that listen there have used so far."""
    port = urlsplit(url).port
    listening = {
        each.pid for each in psutil.net_connections("tcp") if each.laddr.port == port and each.status == "LISTEN"
    }
    times = [psutil.Process(pid).cpu_times() for pid in listening if pid]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
