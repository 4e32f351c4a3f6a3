"""A subscriber: polls the publication's feed all the while, for what was seen once must stay and be there once."""

from __future__ import annotations

import threading
from collections import Counter

import requests

from tests.storm.recorder import OK, Recorder
from tests.system import Installation

EVERY = 1.0


class Reader(threading.Thread):
    def __init__(self, installation: Installation, recorder: Recorder) -> None:
        super().__init__(daemon=True)
        self._url = f"{installation.feed}/feed.json"
        self._recorder = recorder
        self._stopped = threading.Event()

    def run(self) -> None:
        seen: set[str] = set()
        while not self._stopped.wait(EVERY):
            with self._recorder.call("read", "all") as call:
                try:
                    answer = requests.get(self._url, timeout=20)
                    items = answer.json()["items"] if answer.ok else None
                except (requests.RequestException, ValueError):
                    continue
                if items is None:
                    continue
                there = Counter(item["id"] for item in items)
                twice = [each for each, count in there.items() if count > 1]
                call.end(OK, items=len(items), twice=twice, vanished=sorted(seen - there.keys()))
                seen |= there.keys()

    def close(self) -> None:
        self._stopped.set()
        self.join()
