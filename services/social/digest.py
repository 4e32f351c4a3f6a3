"""Several articles in one post, or in a thread: what goes out of a burst together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from services.social.article import Article
from services.social.network import Account, Draft, Network
from services.social.text.assembly import Text, assemble
from services.social.text.template import Kind, Part, clean
from services.social.text.writing import HEADLINE, MOST_POSTS, Style, Written, write
from shared.copyfit.cutting import shorten
from shared.copyfit.rules import Rule
from shared.copyfit.urls import ascii_url
from shared.text import cut

# Graphemes of a headline in a list of several.
LONGEST_HEADLINE = 120


def compose_together(
    network: Network, articles: Sequence[Article], account: Account, *, key: str, at: datetime, then: str
) -> tuple[Draft, int]:
    """One draft about the first of these articles, as many as there is room for; and how many that are.

    A list of headlines with their links (`digest`), or each article's own text, part after part (`thread`); the list
    goes on in further parts, and there is a thread at all, only where the network has them. Of a single article it is
    the usual post. The card is that of the first. Raises as `Network.compose`.
    """
    draft = network.compose(articles[0], account, key=key, at=at)
    style = network.style(account)
    if len(articles) < 2:
        return draft, 1
    if then == "thread" and network.can.thread:
        texts = [write(each, replace(style, posts=1)).posts[0] for each in articles[:MOST_POSTS]]
        count = len(texts)
    else:
        pages = list(_pages(articles, style))[: MOST_POSTS if network.can.thread else 1]
        texts, count = [text for text, _ in pages], sum(number for _, number in pages)
    if count < 2:
        return draft, 1
    draft = replace(draft, texts=tuple(text.text for text in texts))
    return replace(draft, extra=network.freeze(draft, Written(tuple(texts), shortened=False), account)), count


def _pages(articles: Sequence[Article], style: Style) -> Iterator[tuple[Text, int]]:
    """The list, post by post, and how many articles each holds."""
    rule = style.rule.beside(style.warning)
    page: list[Part] = []
    begun = articles[0]
    number = 0
    for article in articles:
        longer = [*page, *_entry(article, rule)]
        if page and not rule.fits(assemble(longer, begun.direction, rule.isolates).text):
            yield assemble(page, begun.direction, rule.isolates), number
            page, begun, number = [], article, 0
            longer = _entry(article, rule)
        page, number = longer, number + 1
    yield assemble(page, begun.direction, rule.isolates), number


def _entry(article: Article, rule: Rule) -> list[Part]:
    """A headline and its link, on lines of their own; the headline no longer than a post has room for."""
    url = Part(Kind.URL, ascii_url(article.url))
    headline = cut(clean(article.headline, LONGEST_HEADLINE * 2), LONGEST_HEADLINE)

    def entry(text: str) -> list[Part]:
        return [Part(Kind.PROSE, text, HEADLINE), Part(Kind.FIXED, "\n"), url, Part(Kind.FIXED, "\n\n")]

    kept, _ = shorten(
        headline,
        article.language,
        lambda text: rule.fits(assemble(entry(text), article.direction, rule.isolates).text),
    )
    return entry(kept)
