"""Positions in a feed as its addresses carry them: opaque, and one text for each position."""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import Fault, Refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 2**63 - 1  # of a number in the record

# A letter that says which kind of cursor it is, and two numbers.
_FORM = struct.Struct(">cqq")


@dataclass(frozen=True)
class Before:
    """Everything published before this article was, and earlier articles of the same instant."""

    published_at: datetime
    article_seq: int

    def __str__(self) -> str:
        return _write(b"b", (self.published_at - EPOCH) // timedelta(microseconds=1), self.article_seq)

    @classmethod
    def parse(cls, text: str) -> Before:
        """Raises Refused (400) for anything that `str` did not give."""
        microseconds, article_seq = _read(b"b", "before", text)
        try:
            return cls(EPOCH + timedelta(microseconds=microseconds), article_seq)
        except OverflowError as error:
            raise refused("before", text) from error


@dataclass(frozen=True)
class Since:
    """Everything that changed after this: in a later commit, or the same one and a later article."""

    seq: int
    article_seq: int = MOST

    def __str__(self) -> str:
        return _write(b"s", self.seq, self.article_seq)

    @classmethod
    def parse(cls, text: str) -> Since:
        """Raises Refused (400) for anything that `str` did not give."""
        return cls(*_read(b"s", "since", text))


def refused(parameter: str, text: str) -> Refused:
    fault = Fault(
        "",
        "This cursor was never given out.",
        found=text[:100],
        accepted="a cursor from an address in the feed itself",
        parameter=parameter,
    )
    return Refused("The cursor cannot be used. Begin again at the feed.", faults=[fault])


def _write(kind: bytes, *numbers: int) -> str:
    return urlsafe_b64encode(_FORM.pack(kind, *numbers)).decode().rstrip("=")


def _read(kind: bytes, parameter: str, text: str) -> tuple[int, int]:
    try:
        found, first, second = _FORM.unpack(urlsafe_b64decode(f"{text}="))
    except (ValueError, struct.error) as error:
        raise refused(parameter, text) from error
    # Base64 forgives much; one position has one address.
    if found != kind or second < 0 or _write(found, first, second) != text:
        raise refused(parameter, text)
    return first, second
