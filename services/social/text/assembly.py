"""A post's pieces put together: lines without gaps, right-to-left text in order, places of links and hashtags known."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.social.text.template import Kind, Part

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_DIRECTIONS = {"L": "ltr", "R": "rtl", "AL": "rtl"}


@dataclass(frozen=True)
class Span:
    """The link or a hashtag in a post's text, in code points, end exclusive. `value`: address, or word without #."""

    start: int
    end: int
    value: str


@dataclass(frozen=True)
class Text:
    """One post's final text, to be sent letter for letter (markup escaped, where the network has any)."""

    text: str
    links: tuple[Span, ...] = ()
    hashtags: tuple[Span, ...] = ()


def assemble(parts: Iterable[Part], direction: str, isolates: bool) -> Text:
    """The pieces as one text: no blank at the ends of a line, no line empty twice in a row, none at either end.

    In right-to-left text a link gets a line of its own, lest it be drawn in the midst of the words beside it. With
    `isolates`, prose that runs the other way than the text is isolated from what shares its line (UAX 9).
    """
    whole = Text("")
    for line in _lines(parts, direction):
        written = _write_line(line, direction, isolates)
        if written.text:
            whole = _append(whole, written)
        elif whole.text and not whole.text.endswith("\n"):
            whole = replace(whole, text=whole.text + "\n")
    return replace(whole, text=whole.text.rstrip("\n"))


def _lines(parts: Iterable[Part], direction: str) -> list[list[Part]]:
    lines: list[list[Part]] = [[]]
    for part in parts:
        if part.kind is Kind.FIXED:
            here, *below = part.text.split("\n")
            lines[-1].append(Part(Kind.FIXED, here))
            lines.extend([Part(Kind.FIXED, each)] for each in below)
        elif part.text:
            lines[-1].append(part)
    return [piece for line in lines for piece in _apart(line)] if direction == "rtl" else lines


def _apart(line: list[Part]) -> list[list[Part]]:
    """The line with every link on a line of its own."""
    pieces: list[list[Part]] = [[]]
    for part in line:
        if part.kind is Kind.URL:
            pieces.extend([[part], []])
        else:
            pieces[-1].append(part)
    visible = [piece for piece in pieces if any(part.text.strip() for part in piece)]
    return visible or [line]


def _write_line(line: list[Part], direction: str, isolates: bool) -> Text:
    shared = sum(bool(part.text.strip()) for part in line) > 1
    text, links, hashtags = "", [], []
    for part in line:
        if part.kind is Kind.FIXED:
            text += part.text.lstrip(" \t") if not text or text[-1] == " " else part.text
        elif part.kind is Kind.PROSE:
            turned = isolates and shared and _runs(part.text) not in ("", direction)
            text += f"{FIRST_STRONG_ISOLATE}{part.text}{POP_ISOLATE}" if turned else part.text
        elif part.kind is Kind.URL:
            links.append(Span(len(text), len(text) + len(part.text), part.text))
            text += part.text
        else:
            for word in part.text.split(" "):
                hashtags.append(Span(len(text), len(text) + len(word), word[1:]))
                text += word + " "
            text = text[:-1]
    return Text(text.rstrip(), tuple(links), tuple(hashtags))


def _append(whole: Text, line: Text) -> Text:
    begun = whole.text + "\n" if whole.text else ""
    return Text(
        begun + line.text,
        whole.links + tuple(_moved(span, len(begun)) for span in line.links),
        whole.hashtags + tuple(_moved(span, len(begun)) for span in line.hashtags),
    )


def _moved(span: Span, by: int) -> Span:
    return replace(span, start=span.start + by, end=span.end + by)


def _runs(text: str) -> str:
    """The direction of the first letter that has one; empty without such a letter."""
    return next((_DIRECTIONS[kind] for kind in map(unicodedata.bidirectional, text) if kind in _DIRECTIONS), "")
