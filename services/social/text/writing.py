"""From an article to the text of a post, or of a thread: the one way for preview and send.

Link, hashtags and the template's own words are reserved first. Where room is short a long link is written without its
slug, if its letters count; then the summary gives way, then the hashtags from the last on, then the other prose, the
headline as little as possible; the link and the template's words never do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from services.social.article import Article
from services.social.text.assembly import Span, Text, assemble
from services.social.text.template import Kind, Part, TemplateRefused, read_template
from shared.copyfit.cutting import shorten
from shared.copyfit.hashtags import USUAL, Hashtags, hashtags
from shared.copyfit.rules import Rule
from shared.copyfit.urls import ascii_url
from shared.urls import LONG_LINK, short_url

LEAST = 40  # bytes: less of a text tells nothing, and is left out where that is possible
MOST_POSTS = 25
SUMMARY, HEADLINE = "summary", "headline"
_NO_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))

__all__ = [
    "MOST_POSTS", "NoRoom", "Problem", "Span", "Style", "Text", "Written",
    "byte_range", "dry_run", "lighter_url", "utf16_range", "write",
]  # fmt: skip


class NoRoom(Exception):
    """What must stand in the post is longer than the network takes; the message says what."""


@dataclass(frozen=True)
class Style:
    """How an account writes. `template` is one for all, or several by language (BCP 47), "" for all other languages;
    `posts` above 1 lets a long text go on as a thread of at most so many, MOST_POSTS at most; `warning` is a content
    warning that the network counts with the text."""

    rule: Rule
    template: str | Mapping[str, str]
    hashtags: Hashtags = USUAL
    emoji: str = ""
    posts: int = 1
    warning: str = ""


@dataclass(frozen=True)
class Written:
    """`posts`: one, or a thread in order. `shortened`: something of the article was left out."""

    posts: tuple[Text, ...]
    shortened: bool


@dataclass(frozen=True)
class Problem:
    """`article_id` and `headline` are empty for a fault of the template itself."""

    article_id: str
    headline: str
    sentence: str


def write(article: Article, style: Style) -> Written:
    """Raises TemplateRefused, NoRoom, and ValueError for an article without a usable address."""
    template = read_template(_in_language(style.template, article.language))
    words = hashtags(article.tags, style.hashtags, article.language, style.rule.joiners)
    url = ascii_url(article.url)
    parts = template.parts(replace(article, url=url), words, style.emoji)
    if not style.rule.isolates:
        parts = tuple(replace(part, text=part.text.translate(_NO_ISOLATES)) for part in parts)
    desk = _Desk(style.rule.beside(style.warning), article.language, article.direction)
    if not desk.fits(parts):
        shorter = lighter_url(url, style.rule)
        parts = tuple(replace(part, text=shorter) if part.kind is Kind.URL else part for part in parts)
    text, rest = desk.fit(parts)
    if rest and style.posts > 1:
        return desk.thread(parts, min(style.posts, MOST_POSTS))
    return Written((text,), shortened=text != desk.assemble(parts))


def lighter_url(url: str, rule: Rule) -> str:
    """An article's address, short where it would fill a post, as the percent-encoded slug of a Thai headline does."""
    return short_url(url) if rule.count(url) > LONG_LINK else url


def dry_run(style: Style, articles: Iterable[Article]) -> list[Problem]:
    """Everything that is wrong with a style, tried on those articles; empty when all is well."""
    problems = [Problem("", "", sentence) for sentence in _faults(style.template)]
    if problems:
        return problems
    for article in articles:
        try:
            empty = not all(post.text for post in write(article, style).posts)
        except (NoRoom, TemplateRefused, ValueError) as error:
            problems.append(Problem(article.id, article.headline, str(error)))
        else:
            if empty:
                told = "Nothing is left to post: every value the template writes is empty."
                problems.append(Problem(article.id, article.headline, told))
    return problems


def _in_language(template: str | Mapping[str, str], language: str) -> str:
    """The template for a language, else for the nearest that holds it (RFC 4647, section 3.4), else for all others."""
    if isinstance(template, str):
        return template
    named = {tag.lower(): source for tag, source in template.items()}
    tag = language.lower()
    while tag not in named and tag:
        tag = tag.rpartition("-")[0]
    if tag not in named:
        raise TemplateRefused([f"There is no template for the language {language!r}, and none for all others."])
    return named[tag]


def _faults(template: str | Mapping[str, str]) -> Iterator[str]:
    for tag, source in {"": template}.items() if isinstance(template, str) else template.items():
        try:
            read_template(source)
        except TemplateRefused as refused:
            yield from (f"{tag}: {sentence}" if tag else sentence for sentence in refused.problems)


def byte_range(text: str, span: Span) -> tuple[int, int]:
    """The span in UTF-8 bytes (Bluesky's facets)."""
    start = len(text[: span.start].encode())
    return start, start + len(text[span.start : span.end].encode())


def utf16_range(text: str, span: Span) -> tuple[int, int]:
    """The span's offset and length in UTF-16 code units (Telegram's entities)."""
    return _utf16(text[: span.start]), _utf16(text[span.start : span.end])


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class _Desk:
    rule: Rule
    language: str
    direction: str

    def assemble(self, parts: Iterable[Part]) -> Text:
        return assemble(parts, self.direction, self.rule.isolates)

    def thread(self, parts: tuple[Part, ...], most: int) -> Written:
        """As few posts as hold the text, numbered; what is too long for `most` of them is left out."""
        posts = most
        while posts > 1:
            written, rest = self._posts(parts, posts)
            if len(written) == posts:
                return Written(tuple(written), shortened=bool(rest))
            posts = len(written)
        return Written((self.fit(parts)[0],), shortened=True)

    def _posts(self, parts: tuple[Part, ...], posts: int) -> tuple[list[Text], str]:
        """The thread in so many posts at most, each marked with its number, and the prose that found no place."""
        text, rest = self.fit((*parts, _number(1, posts)))
        written = [text]
        while rest and len(written) < posts:
            text, left = self.fit((Part(Kind.PROSE, rest, HEADLINE), _number(len(written) + 1, posts)))
            if left == rest:  # begins with a link that no post has room for
                break
            written.append(text)
            rest = left
        return written, rest

    def fit(self, parts: tuple[Part, ...]) -> tuple[Text, str]:
        """The text within the rule, and the prose that was cut off. Raises NoRoom."""
        rests: dict[int, str] = {}
        made = [*parts]
        for place in _summaries(made):
            self._shorten(made, place, rests, LEAST)
        for place in _hashtags_from_last(made):
            if self.fits(made):
                break
            made[place] = replace(made[place], text=made[place].text.rpartition(" ")[0])
        if not self.fits(made):
            self._shorten_prose(made, rests)
        text = self.assemble(made)
        if not self.rule.fits(text.text):
            raise NoRoom(
                f"The address and the template's own words take {self.rule.count(text.text)} of the "
                f"{self.rule.limit} {self.rule.bounds[0].unit.value} of a post."
            )
        return text, " ".join(rests[place] for place in sorted(rests) if rests[place])

    def fits(self, parts: Iterable[Part]) -> bool:
        return self.rule.fits(self.assemble(parts).text)

    def _shorten_prose(self, parts: list[Part], rests: dict[int, str]) -> None:
        """Shortens the headline; leaves out other prose, the longest first, where it takes all the room."""
        prose = sorted(
            (place for place, part in enumerate(parts) if part.kind is Kind.PROSE and part.text), key=_by_length(parts)
        )
        main = next((place for place in prose if parts[place].name == HEADLINE), prose[0] if prose else None)
        if main is None:
            return
        for other in (place for place in prose if place != main):
            if self._shorten(parts, main, rests, LEAST):
                return
            parts[main], rests[main] = replace(parts[main], text=rests[main]), ""
            parts[other], rests[other] = replace(parts[other], text=""), parts[other].text
        self._shorten(parts, main, rests, 1)

    def _shorten(self, parts: list[Part], place: int, rests: dict[int, str], least: int) -> bool:
        """Shortens one piece until the whole fits; empties it and says no when less than `least` would be left."""
        part = parts[place]

        def fits(text: str) -> bool:
            return self.fits([*parts[:place], replace(part, text=text), *parts[place + 1 :]])

        kept, rest = shorten(part.text, self.language, fits) if fits("") else ("", part.text)
        if rest and len(kept.encode()) < least:
            kept, rest = "", part.text
        parts[place], rests[place] = replace(part, text=kept), rest
        return bool(kept)


def _number(post: int, posts: int) -> Part:
    return Part(Kind.FIXED, f"\n\n{post}/{posts}")


def _summaries(parts: list[Part]) -> list[int]:
    return [place for place, part in enumerate(parts) if part.name == SUMMARY]


def _hashtags_from_last(parts: list[Part]) -> list[int]:
    """The places of the hashtags, once for each word."""
    return [
        place
        for place in range(len(parts) - 1, -1, -1)
        if parts[place].kind is Kind.HASHTAGS
        for _ in parts[place].text.split(" ")
    ]


def _by_length(parts: list[Part]) -> Callable[[int], int]:
    """A key that puts the longest first."""
    return lambda place: -len(parts[place].text)
