"""Fills a running installation with the archive of the seed page through the batch endpoint, and times it.

    MASTHEAD_CLOCK=2018-04-20T12:00:00+03:00 MASTHEAD_DEMO=false make up     # in one terminal
    .venv/bin/python -m bench.seed_archive                                   # in another

136,743 articles, of which 39, 40, 44, 40 and 43 fall on 20, 19, 18, 17 and 16 April 2018.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

import requests

from bench.copy import archive
from services.cli.settings import CliSettings

LATEST = dict(zip((date(2018, 4, day) for day in (20, 19, 18, 17, 16)), (39, 40, 44, 40, 43), strict=True))


def batches(articles: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(articles, size)):
        yield batch


def send(session: requests.Session, api: str, batch: list[dict[str, Any]]) -> None:
    """Submits one batch; every line must have been stored."""
    body = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in batch).encode()
    answer = session.post(f"{api}/v1/articles/batch", data=body, headers={"Content-Type": "application/x-ndjson"})
    answer.raise_for_status()
    refused = [line for line in map(json.loads, answer.text.splitlines()) if line["status"] not in (200, 202)]
    if refused:
        raise SystemExit(f"refused: {refused[0]}")


def published(session: requests.Session, api: str) -> int:
    return int(session.get(f"{api}/v1/stats").json()["total"])


def main() -> None:
    settings = CliSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=136_743)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--api", default=settings.api_url)
    parser.add_argument("--key", default="")
    chosen = parser.parse_args()
    key = chosen.key or settings.key or (settings.var / "demo-key").read_text().strip()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    before = published(session, chosen.api)
    started = time.monotonic()
    sent = 0
    for batch in batches(archive(chosen.articles, LATEST), chosen.batch):
        send(session, chosen.api, batch)
        sent += len(batch)
        if sent % (20 * chosen.batch) == 0:
            print(f"{sent:>9,} accepted, {sent / (time.monotonic() - started):,.0f} a second", flush=True)
    accepted = time.monotonic() - started
    while published(session, chosen.api) < before + sent:
        time.sleep(0.2)
    done = time.monotonic() - started
    print(f"{sent:,} articles: accepted {sent / accepted:,.0f} a second, fully published {sent / done:,.0f} a second")


if __name__ == "__main__":
    main()
