"""A whole installation as people run it: `masthead up` in a folder of its own, on free ports, used over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests

from shared.settings import Settings

T = TypeVar("T")
MASTHEAD = [sys.executable, "-m", "services.cli"]


def wait_for(condition: Callable[[], T], *, seconds: float = 30.0, what: str = "") -> T:
    """The first truthy answer of `condition`; an assertion error when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what or condition}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """One `masthead up`. `database_url` empty means SQLite in the folder."""

    def __init__(self, folder: Path, *, database_url: str = "", **environment: str) -> None:
        self.var = folder / "var"
        self.feed_port, self.ingest_port, self.push_port = free_port(), free_port(), free_port()
        self.feed = f"http://127.0.0.1:{self.feed_port}"
        self.api = f"http://127.0.0.1:{self.ingest_port}"
        self.push = f"http://127.0.0.1:{self.push_port}"
        self.log = folder / "up.log"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MASTHEAD_")} | {
            "MASTHEAD_VAR": str(self.var),
            "MASTHEAD_FEED_PORT": str(self.feed_port),
            "MASTHEAD_INGEST_PORT": str(self.ingest_port),
            "MASTHEAD_PUSH_PORT": str(self.push_port),
            "MASTHEAD_DEMO": "false",
            "MASTHEAD_VALKEY_PERSIST": "false",
            "MASTHEAD_DATABASE_URL": database_url,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._key = ""

    @property
    def settings(self) -> Settings:
        """Where this installation keeps what, for tests that look inside."""
        return Settings(var=self.var, database_url=self.environment["MASTHEAD_DATABASE_URL"])

    def start(self) -> Installation:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*MASTHEAD, "up"], env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            wait_for(self._ready, seconds=60, what=f"masthead up, see {self.log}")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stops everything, if need be by force; gives the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self._process is not None
        try:
            return self._process.wait(90)
        except subprocess.TimeoutExpired:
            for pid in self.pids().values():
                os.killpg(pid, signal.SIGKILL)
            raise

    def __enter__(self) -> Installation:
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Ends it at once: what a stop does is tested where it is asked for."""
        assert self._process is not None
        if self._process.poll() is None:
            pids = self.pids()
            for name in sorted(pids, key=lambda name: name != "supervisor"):  # which would start the others anew
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pids[name], signal.SIGKILL)
        self._process.wait()

    @property
    def key(self) -> str:
        """An API key of a publisher "Test Agency"."""
        if not self._key:
            self._key = self.masthead("keys", "create", "Test Agency").stdout.strip()
        return self._key

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def masthead(self, *arguments: str, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MASTHEAD, *arguments], env=self.environment, capture_output=True, text=True, check=check, timeout=timeout
        )

    def submit(self, *, wait: float = 20, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        """Submits an article and gives its receipt, by default once it is published."""
        article = {"headline": "A headline", "body": "<p>A body of some words.</p>", "language": "en", **fields}
        answer = requests.post(
            f"{self.api}/v1/articles",
            json=article,
            headers={**self.headers, "Prefer": f"wait={wait}", **(headers or {})},
            timeout=60,
        )
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def batch(self, articles: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = "".join(json.dumps(article) + "\n" for article in articles)
        answer = requests.post(
            f"{self.api}/v1/articles/batch",
            data=body.encode(),
            headers={**self.headers, "Content-Type": "application/x-ndjson"},
            timeout=120,
        )
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.feed + path, headers=headers, timeout=30, allow_redirects=False)

    def pids(self) -> dict[str, int]:
        return dict(json.loads((self.var / "processes.json").read_text()))

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return all(requests.get(f"{url}/readyz", timeout=5).ok for url in (self.feed, self.api, self.push))
        except requests.RequestException:
            return False
