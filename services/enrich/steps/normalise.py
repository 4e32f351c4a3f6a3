"""Text in one form: NFC, characters of XML 1.0, one kind of line break, no bidi tricks. Each removal is noted."""

from __future__ import annotations

from typing import Any

from services.enrich.characters import clean_characters, compose, in_one_line
from services.enrich.draft import Context, Draft, removal_notice
from shared.submission import SubmittedImage, SubmittedSource
from shared.text import is_visible

LINES = ("headline", "summary", "section", "dateline")
LISTS = ("bylines", "tags")


def normalise(draft: Draft, context: Context) -> Draft:
    """Cleans every text of the submission. What holds nothing visible afterwards counts as not given."""
    cleaner = _Cleaner(draft)
    given = draft.submission
    changes: dict[str, Any] = {name: cleaner.line(name, getattr(given, name)) for name in LINES}
    changes["body"] = cleaner.clean("body", given.body)
    for name in LISTS:
        lines = (cleaner.line(name, each) for each in getattr(given, name))
        changes[name] = [each for each in lines if each]
    changes["source"] = _clean_source(cleaner, given.source)
    changes["image"] = _clean_image(cleaner, given.image)
    changes["headline"] = changes["headline"] or ""
    return cleaner.draft.having(submission=given.model_copy(update=changes), headline=changes["headline"])


class _Cleaner:
    """Cleans texts one after the other and keeps the notes about them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def clean(self, field: str, text: str) -> str:
        text, removed = clean_characters(text)
        self._note(field, removal_notice(removed))
        return compose(text)

    def line(self, field: str, text: str | None) -> str | None:
        if text is None:
            return None
        line = in_one_line(self.clean(field, text))
        if not is_visible(line):
            self._note(field, "holds nothing a reader could see and was left out")
            return None
        return line

    def _note(self, field: str, notice: str) -> None:
        self.draft = self.draft.noting("normalise", field, notice)


def _clean_source(cleaner: _Cleaner, source: SubmittedSource | None) -> SubmittedSource | None:
    name = cleaner.line("source", source.name) if source else None
    return source.model_copy(update={"name": name}) if source and name else None


def _clean_image(cleaner: _Cleaner, image: SubmittedImage | None) -> SubmittedImage | None:
    if image is None:
        return None
    alt, credit = (in_one_line(cleaner.clean("image", text)) for text in (image.alt, image.credit))
    return image.model_copy(update={"alt": alt, "credit": credit})
