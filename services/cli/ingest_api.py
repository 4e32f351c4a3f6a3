"""The ingest API as a client sees it: one article, or batches of many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import MastheadError, OutboundError
from shared.http import Door

NDJSON = "application/x-ndjson"
BUSY = (429, 503)
PATIENCE = 1.0  # seconds to wait when the server says that it is busy but not for how long
LONGEST_WAIT = 300.0


class KeyRefused(MastheadError):
    """The API does not know the key, or no longer."""


class WrongAnswer(MastheadError):
    """What answers at this address does not behave as the ingest API."""


class Busy(MastheadError):
    """The API asks to come back after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the API asks to wait {seconds:g} s")
        self.seconds = seconds


class TooLarge(MastheadError):
    """The API takes no batch as large as this one."""


@dataclass(frozen=True)
class Result:
    """The answer to one article: 202 stored, 200 there already, else refused with a problem (RFC 9457)."""

    index: int  # in the batch, from 0
    status: int
    id: str | None = None
    problem: dict[str, Any] | None = None

    @property
    def is_final(self) -> bool:
        """False when the same article may be taken later."""
        return self.status < 500 and self.status not in (408, 429)


class IngestApi:
    def __init__(self, door: Door, url: str, key: str) -> None:
        self.url = url
        self._door = door
        self._headers = {"Authorization": f"Bearer {key}"}

    def batch(self, submissions: Sequence[dict[str, Any]]) -> Iterator[Result]:
        """Sends all and gives the answers as they arrive, which may end early.

        Raises Busy, TooLarge, KeyRefused, WrongAnswer, and OutboundError when the connection breaks.
        """
        lines = (json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in submissions)
        headers = self._headers | {"Content-Type": NDJSON, "Accept": NDJSON}
        with self._door.stream_post(f"{self.url}/v1/articles/batch", lines, headers=headers) as answer:
            if answer.status != 200:
                self._raise(answer.status, answer.headers.get("Retry-After"), b"\n".join(answer.lines))
            for line in answer.lines:
                yield self._result(line, len(submissions))

    def submit(self, submission: dict[str, Any], *, idempotency_key: str, wait: float) -> tuple[int, dict[str, Any]]:
        """One article; the receipt is given once it is settled, or after `wait` seconds. Raises as `batch` does."""
        headers = self._headers | {"Content-Type": "application/json", "Idempotency-Key": f'"{idempotency_key}"'}
        if wait:
            headers["Prefer"] = f"wait={wait:.0f}"
        body = json.dumps(submission, ensure_ascii=False).encode()
        answer = self._door.send("POST", f"{self.url}/v1/articles", body, headers=headers, deadline=wait + 30.0)
        if answer.status not in (200, 202, 409, 422):
            self._raise(answer.status, answer.headers.get("Retry-After"), answer.body)
        return answer.status, self._object(answer.body)

    def receipt(self, article: str, *, wait: float) -> dict[str, Any]:
        """The receipt of an article, once it is settled or after `wait` seconds. Raises as `batch` does."""
        headers = self._headers | {"Prefer": f"wait={wait:.0f}"}
        answer = self._door.get(f"{self.url}/v1/articles/{article}", headers=headers, deadline=wait + 30.0)
        if answer.status != 200:
            self._raise(answer.status, answer.headers.get("Retry-After"), answer.body)
        return self._object(answer.body)

    def _result(self, line: bytes, count: int) -> Result:
        found = self._object(line)
        number, status = found.get("line"), found.get("status")
        if not isinstance(number, int) or not isinstance(status, int) or not 1 <= number <= count:
            raise WrongAnswer(f"{self.url} answered a line that is no result of a batch: {line[:100]!r}")
        return Result(number - 1, status, found.get("id"), found.get("problem"))

    def _object(self, body: bytes) -> dict[str, Any]:
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise WrongAnswer(f"{self.url} did not answer in JSON; is it the address of the ingest API?")
        return found

    def _raise(self, status: int, retry_after: str | None, body: bytes) -> None:
        if status in BUSY or (status >= 500 and retry_after):
            seconds = float(retry_after) if retry_after and retry_after.isdecimal() else PATIENCE
            raise Busy(min(seconds, LONGEST_WAIT))
        if status >= 500:
            raise OutboundError(f"{self.url} answered {status}.")
        detail = reason_of(self._object(body))[0]
        if status in (401, 403):
            raise KeyRefused(detail)
        if status == 413:
            raise TooLarge(detail)
        raise WrongAnswer(f"{self.url} answered {status}: {detail}")


def reason_of(problem: dict[str, Any]) -> tuple[str, str]:
    """What a problem says, for people: the reason, alike for all of a kind, and what was found."""
    errors = [each for each in problem.get("errors") or [] if isinstance(each, dict)]
    if not errors:
        return str(problem.get("detail") or problem.get("title") or "no reason is given"), ""
    reasons = [f"{str(each.get('pointer', '')).strip('/') or 'article'}: {each.get('detail', '')}" for each in errors]
    found = [str(each["found"]) for each in errors if each.get("found") is not None]
    return "; ".join(reasons), "; ".join(found)
