"""Several articles in one post: what goes out of a burst together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.social.article import Article
from services.social.draft import Draft
from services.social.network import Account, Network
from services.social.text.assembly import Text, assemble
from services.social.text.template import Kind, Part, clean
from services.social.text.writing import HEADLINE, Style, Written, lighter_url
from shared.copyfit.cutting import shorten
from shared.copyfit.rules import Rule
from shared.copyfit.urls import ascii_url
from shared.text import cut

# Graphemes of a headline in a list of several.
LONGEST_HEADLINE = 120


def compose_together(
    network: Network, articles: Sequence[Article], account: Account, *, key: str, at: datetime
) -> tuple[Draft, int]:
    """One post about the first of these articles, as many as it has room for; and how many that are.

    Of several it is a list of headlines with their links; of one, or where only one has room, the usual post. The card
    is that of the first. Raises as `Network.compose`.
    """
    draft = network.compose(articles[0], account, key=key, at=at)
    text, count = _list(articles, network.style(account))
    if count < 2:
        return draft, 1
    draft = replace(draft, texts=(text.text,))
    return replace(draft, extra=network.freeze(draft, Written((text,), shortened=False), account)), count


def _list(articles: Sequence[Article], style: Style) -> tuple[Text, int]:
    """The list as long as a post can be, and how many articles it holds."""
    rule, direction = style.rule.beside(style.warning), articles[0].direction
    parts: list[Part] = []
    for count, article in enumerate(articles):
        longer = [*parts, *_entry(article, rule)]
        if count and not rule.fits(assemble(longer, direction, rule.isolates).text):
            return assemble(parts, direction, rule.isolates), count
        parts = longer
    return assemble(parts, direction, rule.isolates), len(articles)


def _entry(article: Article, rule: Rule) -> list[Part]:
    """A headline and its link, on lines of their own; the headline no longer than a post has room for."""
    url = Part(Kind.URL, lighter_url(ascii_url(article.url), rule))
    headline = cut(clean(article.headline, LONGEST_HEADLINE * 2), LONGEST_HEADLINE)

    def entry(text: str) -> list[Part]:
        return [Part(Kind.PROSE, text, HEADLINE), Part(Kind.FIXED, "\n"), url, Part(Kind.FIXED, "\n\n")]

    kept, _ = shorten(
        headline,
        article.language,
        lambda text: rule.fits(assemble(entry(text), article.direction, rule.isolates).text),
    )
    return entry(kept)
