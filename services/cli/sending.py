"""Carries the articles of a source to the API: in batches, remembered, and as often as it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.cli.ingest_api import Busy, Result, TooLarge, reason_of
from services.cli.journal import Journal
from services.cli.readers.items import Found, Item, LeftOut, Refusal
from services.cli.report import Refused, Report
from shared.errors import OutboundError

# Pauses before sending again when a batch brought no answer at all; any answer starts them anew.
BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
MOST_WAITS = 200  # in a row, for an API that says it is busy
MOST_BATCH_BYTES = 8_000_000


class Api(Protocol):
    """What takes articles: the ingest API, or a dry run in its place."""

    url: str

    def batch(self, submissions: Sequence[dict[str, Any]]) -> Iterator[Result]: ...


@dataclass(frozen=True)
class Waiting:
    """An article on its way, with its number in the source."""

    number: int
    found: Found

    @property
    def external_id(self) -> str:
        return str(self.found.submission["external_id"])


class Sender:
    """Sends and counts. `tick` is called once for each article that is settled, `pause` with the seconds to wait."""

    def __init__(
        self,
        api: Api,
        report: Report,
        *,
        size: int,
        tick: Callable[[], None],
        pause: Callable[[float], None],
    ) -> None:
        self._api = api
        self._report = report
        self._size = size
        self._tick = tick
        self._pause = pause

    def send_all(self, source: str, items: Iterable[Item], journal: Journal | None) -> None:
        """Settles every item of a source. Raises OutboundError when the API stays away; what was answered is kept."""
        batch: list[Waiting] = []
        size = 0
        for number, item in enumerate(items, 1):
            if not isinstance(item, Found):
                self._set_aside(source, item)
                continue
            self._report.notes.update(item.notes)
            waiting = Waiting(number, item)
            known = journal.answer_to(number, waiting.external_id) if journal else None
            if known:
                self._report.resumed += 1
                self._settle(source, waiting, known)
                continue
            batch.append(waiting)
            size += len(json.dumps(item.submission["body"]))
            if len(batch) >= self._size or size >= MOST_BATCH_BYTES:
                self._send(source, batch, journal)
                batch, size = [], 0
        self._send(source, batch, journal)

    def _send(self, source: str, batch: list[Waiting], journal: Journal | None) -> None:
        """Sends until every article of the batch has a final answer."""
        failures = waits = 0
        while batch:
            unanswered = dict(enumerate(batch))
            pause = 0.0
            try:
                for result in self._api.batch([each.found.submission for each in batch]):
                    if result.is_final and result.index in unanswered:
                        waiting = unanswered.pop(result.index)
                        if journal:
                            journal.write(waiting.number, waiting.external_id, result)
                        self._settle(source, waiting, result)
                failure = OutboundError(f"{self._api.url} did not answer every article of a batch.")
            except Busy as error:
                failure, pause = OutboundError(f"{self._api.url} is busy: {error}."), error.seconds
            except TooLarge as error:
                self._split(source, batch, journal, error)
                return
            except OutboundError as error:
                failure = error
            if len(unanswered) < len(batch):
                failures = waits = 0
            batch = list(unanswered.values())
            if not batch:
                return
            waits, failures = (waits + 1, failures) if pause else (waits, failures + 1)
            if failures > len(BACK_OFF) or waits > MOST_WAITS:
                raise failure
            self._pause(pause or BACK_OFF[max(failures, 1) - 1])

    def _split(self, source: str, batch: list[Waiting], journal: Journal | None, error: TooLarge) -> None:
        if len(batch) == 1:
            self._settle(source, batch[0], Result(0, 413, problem={"detail": str(error)}))
            return
        half = len(batch) // 2
        self._send(source, batch[:half], journal)
        self._send(source, batch[half:], journal)

    def _settle(self, source: str, waiting: Waiting, result: Result) -> None:
        if result.status == 202:
            self._report.accepted += 1
        elif result.status == 200:
            self._report.already_there += 1
        else:
            reason, detail = reason_of(result.problem or {})
            place = waiting.found.place
            self._report.refused.append(Refused(source, place, reason, detail, waiting.external_id))
        self._tick()

    def _set_aside(self, source: str, item: Refusal | LeftOut) -> None:
        if isinstance(item, LeftOut):
            self._report.left_out[item.reason, source] += 1
        else:
            self._report.refused.append(Refused(source, item.place, item.reason, item.detail))
            self._tick()
