"""An article as plain text and as Markdown, for who reads without a browser. Pure."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from markdownify import ATX, MarkdownConverter

from services.feed.story import Story
from services.feed.wording import wording_for
from shared.localised import date_line
from shared.publication import Publication

# Extension of the page's address -> media type.
TEXTS = {"txt": "text/plain", "md": "text/markdown"}
# An article of more tags is given as Markdown without its markup: converting it would take many seconds.
MOST_TAGS = 10_000
_BACKTICKS = re.compile("`+")
_IN_DESTINATIONS = {ord(each): f"%{ord(each):02X}" for each in "()<> \\\n"}


def plain(story: Story, publication: Publication) -> bytes:
    """Headline, byline, date, text and address, parted by blank lines. Lines are as long as their paragraphs."""
    parts = [story.headline, _byline(story), _date(story, publication), story.dateline, story.text, story.url]
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def markdown(story: Story, publication: Publication) -> bytes:
    """The same as CommonMark with tables. Nothing in it is raw HTML, whatever was written."""
    lines = [_byline(story), _date(story, publication), story.dateline]
    head = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    foot = f'<p><a href="{escape(story.url)}">{escape(publication.name)}</a></p>'
    body = story.html if story.html.count("<") <= MOST_TAGS else _as_paragraphs(story.text)
    text: str = _CONVERTER.convert(f"<h1>{escape(story.headline)}</h1>{head}{body}{foot}")
    return (text.strip() + "\n").encode()


def _as_paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(block)}</p>" for block in text.split("\n\n"))


def _byline(story: Story) -> str:
    words = wording_for(story.language)
    names = words.comma.join(byline.label for byline in story.bylines)
    return f"{words.by} {names}" if names else ""


def _date(story: Story, publication: Publication) -> str:
    return "" if story.withdrawn_at else date_line(story.published_at, publication, story.language)


_Library: Any = MarkdownConverter  # whose stubs leave out what is meant to be replaced


class _Converter(_Library):  # type: ignore[misc]
    """What the library takes over unescaped is escaped or left out."""

    def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:
        element.attrs = {"href": _destination(element.attrs.get("href", ""))}
        return str(super().convert_a(element, text, parent_tags))

    def convert_img(self, element: Any, text: str, parent_tags: set[str]) -> str:
        description = " ".join(element.attrs.get("alt", "").split())
        element.attrs = {
            "alt": self.escape(description, parent_tags),
            "src": _destination(element.attrs.get("src", "")),
        }
        return str(super().convert_img(element, text, parent_tags))

    def convert_pre(self, element: Any, text: str, parent_tags: set[str]) -> str:
        """With a fence that is longer than any in the code, so that none of it can stand outside."""
        fence = "`" * max(3, *(len(run) + 1 for run in _BACKTICKS.findall(text)), 3)
        code = text.strip("\n")
        return f"\n\n{fence}\n{code}\n{fence}\n\n" if code else ""


def _destination(url: str) -> str:
    return url.translate(_IN_DESTINATIONS)


_CONVERTER = _Converter(heading_style=ATX, bullets="-", escape_misc=True)
