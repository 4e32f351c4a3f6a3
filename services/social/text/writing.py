"""From an article to the text of a post, or of a thread: the one way for preview and send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.social.article import Article
from services.social.text.hashtags import Hashtags
from services.social.text.rules import Rule


class NoRoom(Exception):
    """What must stand in the post is longer than the network takes; the message says what."""


@dataclass(frozen=True)
class Style:
    """How an account writes. `posts` above 1 lets a long text go on as a thread of at most so many;
    `warning` is a content warning that the network counts with the text."""

    rule: Rule
    template: str
    hashtags: Hashtags = Hashtags()
    emoji: str = ""
    posts: int = 1
    warning: str = ""


@dataclass(frozen=True)
class Span:
    """The link or a hashtag in a post's text, in code points, end exclusive. `value`: the address, the word without #."""

    start: int
    end: int
    value: str


@dataclass(frozen=True)
class Text:
    """One post's final text, to be sent letter for letter (markup escaped, where the network has any)."""

    text: str
    links: tuple[Span, ...] = ()
    hashtags: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Written:
    """`posts`: one, or a thread in order. `shortened`: something of the article was left out."""

    posts: tuple[Text, ...]
    shortened: bool


@dataclass(frozen=True)
class Problem:
    """`article_id` is empty for a fault of the template itself."""

    article_id: str
    sentence: str


def write(article: Article, style: Style) -> Written:
    """Raises TemplateRefused, NoRoom."""
    raise NotImplementedError


def dry_run(style: Style, articles: Iterable[Article]) -> list[Problem]:
    """Everything that is wrong with a style, tried on those articles; empty when all is well."""
    raise NotImplementedError


def byte_range(text: str, span: Span) -> tuple[int, int]:
    """The span in UTF-8 bytes (Bluesky's facets)."""
    raise NotImplementedError


def utf16_range(text: str, span: Span) -> tuple[int, int]:
    """The span's offset and length in UTF-16 code units (Telegram's entities)."""
    raise NotImplementedError
