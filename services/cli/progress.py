"""How far an import is: a bar on a terminal, a plain line now and then elsewhere. On standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

# Seconds between two plain lines.
EVERY = 5.0


class Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


class Bar:
    """Used as a context. `expect` says what a source probably holds, `tick` that one article is settled."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._task = self._progress.add_task("Importing", total=0)
        self._done = 0
        self._expected = 0
        self._started = self._told = clock()

    def expect(self, source: str, count: int) -> None:
        self._expected = self._done + count
        if self._progress:
            name = source if len(source) <= 40 else "…" + source[-39:]
            self._progress.update(self._task, description=name, total=self._expected)

    def tick(self) -> None:
        self._done += 1
        if self._progress:
            self._progress.update(self._task, completed=self._done, total=max(self._expected, self._done))
        elif self._clock() - self._told >= EVERY:
            self._told = self._clock()
            rate = self._done / (self._told - self._started)
            print(f"{self._done:,} articles, {rate:,.0f}/s", file=sys.stderr, flush=True)

    def __enter__(self) -> Bar:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()


def probable_count(format: str, content: bytes) -> int:
    """About how many articles a file holds, without reading it; only the bar depends on it."""
    if content.lstrip()[:1] == b"<":
        return max(1, content.count(b"<item>") + content.count(b"<item ") + content.count(b"<entry"))
    lines = content.count(b"\n{") + 1
    return max(lines, content.count(b'"headline"'), content.count(b'"uri"') if format == "ninjs" else 0)
