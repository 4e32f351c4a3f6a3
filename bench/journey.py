"""How fast an article travels, measured on a whole installation of its own beside nginx on the same machine.

    .venv/bin/python -m bench.journey            # needs wrk and nginx on the path; about four minutes

Rows that have a peer or a limit are given as a ratio of medians taken in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
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
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from bench.copy import article
from tests.system import Installation, free_port, wait_for

WRK_SECONDS = 5
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=3000, help="articles sent through the batch endpoint")
    chosen = parser.parse_args()
    for tool in ("wrk", "nginx"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder)) as masthead:
        rows = [
            ("resident memory of `make up`, idle", memory(masthead)),
            *visible_rows(masthead),
            ("single POSTs accepted, 8 clients", f"{single_posts(masthead):,.0f} a second"),
            ("batch, to fully published", f"{batch(masthead, chosen.batch):,.0f} articles a second"),
            *serving_rows(masthead, Path(folder)),
            ("resident memory of `make up`, after all this", memory(masthead)),
        ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


def memory(masthead: Installation) -> str:
    """RSS counts memory that processes share once for each; PSS (Linux) counts it once in all."""
    root = psutil.Process(masthead.pids()["supervisor"])
    processes = [root, *root.children(recursive=True)]
    rss = sum(each.memory_info().rss for each in processes) / 1e6
    try:
        pss = sum(each.memory_full_info().pss for each in processes) / 1e6
    except AttributeError:
        return f"{rss:,.0f} MB in {len(processes)} processes"
    return f"{pss:,.0f} MB (PSS), {rss:,.0f} MB (RSS) in {len(processes)} processes"


def visible_rows(masthead: Installation) -> Iterator[tuple[str, str]]:
    """Time from sending a POST to its headline in /feed.rss."""
    for number in range(20):
        time_to_visible(masthead, 900_000 + number)  # connections, caches
    idle = [time_to_visible(masthead, 1_000 + number) for number in range(200)]
    yield "POST to visible in RSS, idle", percentiles(idle)
    yield "POST to visible in RSS, at 50 POSTs a second", percentiles(visible_under_load(masthead, rate=50, seconds=20))


def time_to_visible(masthead: Installation, number: int) -> float:
    submission = article(number, seed=7)
    started = time.monotonic()
    post(masthead, submission)
    headline = submission["headline"]
    wait_for(lambda: headline in masthead.get("/feed.rss").text, what=headline)
    return time.monotonic() - started


def visible_under_load(masthead: Installation, *, rate: int, seconds: int) -> list[float]:
    """One poller reads the feed all the time and notes when each headline first appears."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    sending = threading.Event()
    sending.set()

    def poll() -> None:
        while sending.is_set() or sent.keys() - seen.keys():
            items = requests.get(f"{masthead.feed}/feed.json", timeout=10).json()["items"]
            now = time.monotonic()
            for item in items:
                seen.setdefault(item["title"], now)

    poller = threading.Thread(target=poll)
    poller.start()
    with ThreadPoolExecutor(16) as pool:
        begin = time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            submission = article(10_000 + number, seed=7)
            sent[submission["headline"]] = time.monotonic()
            pool.submit(post, masthead, submission)
    sending.clear()
    poller.join(60)
    return [seen[headline] - at for headline, at in sent.items()]


def single_posts(masthead: Installation, *, clients: int = 8, seconds: float = 8.0) -> float:
    """Each client keeps a connection of its own and posts one article after the other."""
    end = time.monotonic() + seconds

    def client(place: int) -> int:
        session = requests.Session()
        number = 0
        while time.monotonic() < end:
            post(masthead, article(100_000 * (place + 1) + number, seed=8), session)
            number += 1
        return number

    with ThreadPoolExecutor(clients) as pool:
        accepted = sum(pool.map(client, range(clients)))
    wait_until_published(masthead)
    return accepted / seconds


def batch(masthead: Installation, count: int) -> float:
    lines = [article(number, seed=9) for number in range(count)]
    started = time.monotonic()
    for start in range(0, count, 500):
        masthead.batch(lines[start : start + 500])
    wait_until_published(masthead)
    return count / (time.monotonic() - started)


def wait_until_published(masthead: Installation) -> None:
    """Until nothing is under way; asked of the record, which costs the services nothing."""
    done = masthead.masthead("verify", "--wait", "300", "--json", check=False)
    assert json.loads(done.stdout)["drift"] == [], done.stdout[:500]


def serving_rows(masthead: Installation, folder: Path) -> Iterator[tuple[str, str]]:
    """The front feed from Masthead and, as a static file, from nginx: one worker process each."""
    feed = requests.get(f"{masthead.feed}/feed.rss", headers={"Accept-Encoding": "identity"}, timeout=10)
    compressed = requests.get(
        f"{masthead.feed}/feed.rss", headers={"Accept-Encoding": "gzip"}, timeout=10, stream=True
    ).raw.read(decode_content=False)
    with nginx(folder, feed.content, compressed) as static:
        etag = requests.get(f"{static}/feed.rss", headers={"Accept-Encoding": "identity"}, timeout=10).headers["ETag"]
        for name, ours, theirs in (
            ("identity", {"Accept-Encoding": "identity"}, {"Accept-Encoding": "identity"}),
            ("gzip", {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip"}),
            ("304", *({"Accept-Encoding": "identity", "If-None-Match": tag} for tag in (feed.headers["ETag"], etag))),
        ):
            pairs = [(wrk(f"{masthead.feed}/feed.rss", ours), wrk(f"{static}/feed.rss", theirs)) for _ in range(ROUNDS)]
            mine, peer = (statistics.median(column) for column in zip(*pairs, strict=True))
            size = f" of {len(feed.content) / 1000:,.0f} kB" if name == "identity" else ""
            yield f"RSS GET, {name}{size}", f"{mine:,.0f} a second, nginx {peer:,.0f}, ratio {mine / peer:.2f}"


def wrk(url: str, headers: dict[str, str]) -> float:
    """Requests per second; any answer that is not a success makes the measurement void."""
    arguments = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", "-c16", f"-d{WRK_SECONDS}s", *arguments, url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output or "If-None-Match" in headers, output
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found, output
    return float(found[1])


@contextmanager
def nginx(folder: Path, body: bytes, compressed: bytes) -> Iterator[str]:
    """nginx with one worker, serving the same bytes from a file."""
    root, port = folder / "static", free_port()
    root.mkdir()
    (root / "feed.rss").write_bytes(body)
    (root / "feed.rss.gz").write_bytes(compressed)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on;
            open_file_cache max=100; types {{ application/rss+xml rss; }}
            client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
            uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
            server {{ listen 127.0.0.1:{port}; root {root}; }}
        }}"""
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{url}/feed.rss"), what="nginx")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def post(masthead: Installation, submission: dict[str, object], session: requests.Session | None = None) -> None:
    send: Callable[..., requests.Response] = (session or requests).post
    answer = send(f"{masthead.api}/v1/articles", json=submission, headers=masthead.headers, timeout=30)
    assert answer.status_code == 202, answer.text


def percentiles(seconds: list[float]) -> str:
    ranks = statistics.quantiles(seconds, n=100)
    return f"p50 {ranks[49] * 1000:,.0f} ms, p99 {ranks[98] * 1000:,.0f} ms ({len(seconds)} articles)"


if __name__ == "__main__":
    main()
