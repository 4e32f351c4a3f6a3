"""What every page has around its content."""

from __future__ import annotations

from dataclasses import dataclass

from services.feed.masthead import Masthead
from services.feed.story import Story
from shared.publication import Publication
from shared.slices import ALL, Slice
from shared.text import direction_of
from shared.urls import FORMATS, feed_path, slice_path


@dataclass(frozen=True)
class MenuItem:
    label: str
    path: str


@dataclass(frozen=True)
class Frame:
    """Without a masthead (when neither Redis nor the record answers) a page leaves its line out."""

    publication: Publication
    masthead: Masthead | None
    language: str  # of the page; the nameplate and the masthead line keep the publication's first
    direction: str
    feed_urls: dict[str, str]  # rss, atom, json -> absolute address of this page's own feeds
    canonical_url: str
    menu: tuple[MenuItem, ...]
    feed_label: str = ""  # what the page's own feeds hold; empty for the publication's


def make_frame(
    publication: Publication,
    masthead: Masthead | None,
    which: Slice = ALL,
    *,
    label: str = "",
    language: str = "",
    canonical_url: str = "",
) -> Frame:
    """The frame of the page of a slice that people call `label`; in the publication's first language by default."""
    language = language or publication.language
    base = publication.base_url
    return Frame(
        publication=publication,
        masthead=masthead,
        language=language,
        direction=direction_of(language),
        feed_urls={format: base + feed_path(which, format) for format in FORMATS},
        canonical_url=canonical_url or base + slice_path(which),
        menu=tuple(
            MenuItem(section.label(language), slice_path(Slice("section", section.slug)))
            for section in publication.sections
        ),
        feed_label=label,
    )


def article_frame(publication: Publication, masthead: Masthead | None, story: Story) -> Frame:
    """The frame of an article: its language, its section's feeds, and the original as canonical when syndicated."""
    section = story.section
    return make_frame(
        publication,
        masthead,
        Slice("section", section.slug) if section else ALL,
        label=section.label if section else "",
        language=story.language,
        canonical_url=web_url(story.canonical_url) or story.url,
    )


def web_url(value: str) -> str:
    """The address when it is one of the web, else nothing: no other scheme becomes a link or a picture."""
    return value if value.lower().startswith(("https://", "http://")) else ""
