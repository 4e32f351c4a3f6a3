"""What stands for the article in lists and feeds: the publisher's summary, else the beginning of the text."""

from __future__ import annotations

from services.enrich.characters import compose, in_one_line
from services.enrich.draft import Context, Draft
from services.enrich.markup import plain_text
from services.enrich.sentences import sentence_ends
from services.enrich.steps.markup import holds_tags
from services.enrich.steps.sanitise import clean_html
from shared.text import cut, drop_unpaired_isolates, fits, head

# An excerpt of whole sentences may end early, but not so early that it says nothing.
ENOUGH = 0.4
# Enough to see whether the sentence that fills an excerpt exactly ends there, and to know that more follows.
_LOOK_AHEAD = 50


def summarise(draft: Draft, context: Context) -> Draft:
    """One line of plain text. A given summary is kept whole, without its tags."""
    if given := _as_text(draft.submission.summary or ""):
        return draft.having(summary=given)
    return draft.having(summary=excerpt(draft.text, context.limits.excerpt))


def excerpt(text: str, limit: int) -> str:
    """The first whole sentences that fit into `limit` graphemes; where they say too little, as much text as fits."""
    window = head(text, limit + _LOOK_AHEAD)
    if window == text and fits(whole := in_one_line(text), limit):
        return whole
    kept = ""
    for end in sentence_ends(window):
        beginning = in_one_line(window[:end])
        if not fits(beginning, limit):
            break
        kept = beginning
    if len(kept) < limit * ENOUGH:
        return cut(in_one_line(window), limit)
    return drop_unpaired_isolates(kept)


def _as_text(summary: str) -> str:
    if not holds_tags(summary):
        return summary
    html, _ = clean_html(summary)
    return in_one_line(compose(plain_text(html)))
