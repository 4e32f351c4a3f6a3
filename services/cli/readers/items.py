"""What a reader gives: articles ready to submit, or the reason why something is none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from shared.publication import Publication
from shared.submission import Submission

T = TypeVar("T")
Fields = dict[str, Any]
LONGEST_ID = 500


@dataclass(frozen=True)
class Found:
    """An article that the API takes as it is; `notes` say what was read with a guess or left out."""

    place: str  # where in its file: "line 12", "item 3"
    submission: Fields
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Something that should be an article and cannot be. `reason` is the same for all of a kind."""

    place: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class LeftOut:
    """Something of the file that is no article and is not missed: a menu entry, an attachment."""

    place: str
    reason: str


Item = Found | Refusal | LeftOut


@dataclass(frozen=True)
class Context:
    """What readers know beyond the bytes. `sections` maps slugs and names (casefolded) to slugs."""

    now: datetime
    zone: ZoneInfo
    sections: Mapping[str, str] = field(default_factory=dict)

    def section_among(self, names: Iterable[str]) -> str | None:
        """The first of these names that is a section of the publication, as its slug."""
        return next((self.sections[name.casefold()] for name in names if name.casefold() in self.sections), None)


class Reader(NamedTuple):
    """One format. `read` is pure; it never raises for what the bytes hold."""

    format: str
    read: Callable[[bytes, Context], Iterator[Item]]


class Unfit(Exception):
    """Raised inside readers for an entry that becomes a Refusal."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class NoArticle(Unfit):
    """Raised inside readers for an entry that is left out."""


def context_of(publication: Publication, now: datetime) -> Context:
    sections = {}
    for section in publication.sections:
        names = [section.name] if isinstance(section.name, str) else section.name.values()
        sections.update({name.casefold(): section.slug for name in (section.slug, *names)})
    return Context(now, publication.tz, sections)


def articles(
    entries: Iterable[tuple[str, T]], context: Context, fields_of: Callable[[T, list[str]], Fields]
) -> Iterator[Item]:
    """Every entry as an item; `fields_of` maps one entry to the fields of a submission, and may add notes."""
    for place, entry in entries:
        notes: list[str] = []
        try:
            yield judge(place, fields_of(entry, notes), context, notes)
        except NoArticle as error:
            yield LeftOut(place, error.reason)
        except Unfit as error:
            yield Refusal(place, error.reason, error.detail)
        except RecursionError:
            yield Refusal(place, "is nested too deeply")


def judge(place: str, fields: Fields, context: Context, notes: Iterable[str] = ()) -> Found | Refusal:
    """The article as the API will see it, refused here if it would be refused there.

    An article without an id of its own gets one from its content, so that importing twice makes no double.
    """
    try:
        submission = Submission.model_validate(fields)
    except ValidationError as error:
        return Refusal(place, *_faults(error))
    if submission.published_at and submission.published_at > context.now:
        return Refusal(place, "published_at lies in the future", submission.published_at.isoformat())
    record = submission.as_record()
    record.setdefault("external_id", f"sha256:{submission.fingerprint()}")
    return Found(place, record, tuple(notes))


def own_id(text: str) -> str:
    """An item's own id as external_id: white space made single, what is too long hashed."""
    clean = " ".join(text.split())
    return (
        clean if len(clean) <= LONGEST_ID else f"sha256:{hashlib.sha256(clean.encode('utf-8', 'replace')).hexdigest()}"
    )


def _faults(error: ValidationError) -> tuple[str, str]:
    reasons, found = [], []
    for fault in error.errors(include_url=False, include_context=False):
        where = "/".join(map(str, fault["loc"])) or "article"
        reasons.append(f"{where}: {fault['msg'].removeprefix('Value error, ')}")
        if fault["type"] != "missing":
            found.append(_shown(fault["input"]))
    return "; ".join(dict.fromkeys(reasons)), "; ".join(dict.fromkeys(found))


def _shown(value: Any, limit: int = 80) -> str:
    text = value if isinstance(value, str) else repr(value)
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else f"{clean[:limit]}… ({len(text):,} characters)"
