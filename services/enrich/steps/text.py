"""The body as plain text."""

from __future__ import annotations

from services.enrich.draft import Context, Draft
from services.enrich.markup import plain_text
from shared.text import is_visible


def extract_text(draft: Draft, context: Context) -> Draft:
    """Blocks parted by blank lines, breaks by one. A body of which nothing can be seen is noted."""
    text = plain_text(draft.html)
    if not is_visible(text) and "<img " not in draft.html:
        draft = draft.noting("text", "body", "nothing a reader could see is left of it")
    return draft.having(text=text)
