"""The recording: every call of a client as it began and as it ended, one JSON object a line (after Jepsen).

`ok` means that the promise was given, `fail` that nothing happened, `info` that nobody can know: no answer came, or
one that leaves it open. Lines of type `note` say what else went on: faults, figures.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OK, INFO, FAIL = OUTCOMES = ("ok", "info", "fail")


class Call:
    """One call under way. What is not said about its end counts as unknown."""

    def __init__(self) -> None:
        self.outcome = INFO
        self.details: dict[str, Any] = {}

    def end(self, outcome: str, **details: Any) -> None:
        self.outcome = outcome
        self.details |= details


class Recorder:
    """Writes lines as things happen, so that a recording is complete up to wherever the campaign broke off."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._seed = seed
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._calls = itertools.count(1)
        self._began = time.monotonic()

    @contextmanager
    def call(self, op: str, key: str, **details: Any) -> Iterator[Call]:
        """Records a call's beginning now and its end with the block."""
        number, call = next(self._calls), Call()
        about = {"call": number, "op": op, "key": key, **details}
        self._write("invoke", about)
        try:
            yield call
        finally:
            self._write(call.outcome, about | call.details)

    def note(self, what: str, **details: Any) -> None:
        self._write("note", {"what": what, **details})

    def close(self) -> None:
        self._file.close()

    def _write(self, kind: str, line: dict[str, Any]) -> None:
        with self._lock:
            t = round(time.monotonic() - self._began, 3)
            print(json.dumps({"seed": self._seed, "t": t, "type": kind} | line), file=self._file, flush=True)


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a recording."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
