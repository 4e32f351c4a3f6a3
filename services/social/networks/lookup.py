"""Recognising a post of ours among others, after the answer to it was lost."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.social.draft import Posted
from services.social.outcomes import Cannot, NotSent

# Posts of an account that are looked through before the look-up is given up; not finding it then proves nothing.
MOST = 500
# Clocks differ, and a network may round its times.
_SLACK = timedelta(minutes=2)
_TAG = re.compile(r"<[^>]*>")
_UNSEEN = re.compile(r"[\s\u200b\u200e\u200f\u2066-\u2069]+")


@dataclass(frozen=True)
class Candidate:
    """A post of the account. `at`: an ISO instant, or seconds since 1970. `links`: addresses the text stands for."""

    posted: Posted
    text: str
    at: object
    links: Collection[str] = ()


def first_match(
    candidates: Iterable[Candidate],
    text: str,
    since: datetime,
    *,
    link: str = "",
    known: Iterable[Posted] = (),
    others: Collection[str] = (),
) -> Posted | None:
    """The newest candidate with this text, or with this link where one is given; None when there is none since then.

    `candidates` come newest first. Posts that are `known` to be others do not count, nor those whose ids are `others`.
    Raises Cannot when there are too many to look through: nothing is proven then, and later there are only more. Raises
    NotSent for a post without a time.
    """
    not_these = {each.id for each in known} | set(others)
    for number, each in enumerate(candidates):
        at = _instant(each.at)
        if at is None:
            raise NotSent(f"A post of the account has no time that can be read: {str(each.at)[:40]!r}.")
        if at < since - _SLACK:
            return None
        if each.posted.id not in not_these and (same_text(each.text, text) or (link and link in each.links)):
            return each.posted
        if number + 1 >= MOST:
            raise Cannot(f"The account has more than {MOST} posts since then: too many to look through.")
    return None


def same_text(found: str, sent: str) -> bool:
    """Whether a network's text (plain or HTML) is the one we sent. Spaces and direction marks count for nothing."""
    wanted = _letters(sent)
    return wanted in (_letters(found), _letters(html.unescape(_TAG.sub("", found))))


def _instant(written: object) -> datetime | None:
    try:
        if isinstance(written, (int, float)):
            return datetime.fromtimestamp(written, UTC)
        at = datetime.fromisoformat(str(written))
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _letters(text: str) -> str:
    return _UNSEEN.sub("", text)
