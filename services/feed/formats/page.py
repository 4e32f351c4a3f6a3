"""Pages as pure functions: a frozen view in, HTML bytes out, the same bytes for the same view.

Every element that holds a publisher's words carries their language and direction; the masthead line keeps the
publication's own. All text is escaped; only `Story.html` goes in as it is, because enrichment has made it safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.feed.discussion import Discussion
from services.feed.formats.template import ShareLink, render
from services.feed.frame import Frame, MenuItem, article_frame, make_frame
from services.feed.story import Story
from services.feed.translations import Variant
from services.feed.wording import wording_for
from shared.slices import ALL, Slice
from shared.urls import OPML_PATH

# Feeds of one kind that the page of all feeds shows; the OPML has the rest.
LISTED_FEEDS = 100

__all__ = [
    "ArticleView",
    "DayView",
    "FeedsView",
    "Frame",
    "FrontView",
    "MenuItem",
    "ShareLink",
    "SliceView",
    "article_frame",
    "article_page",
    "day_page",
    "error_page",
    "feeds_page",
    "front_page",
    "make_frame",
    "not_found_page",
    "slice_page",
    "withdrawn_page",
]


@dataclass(frozen=True)
class FrontView:
    frame: Frame
    stories: tuple[Story, ...]  # newest first
    most_read: tuple[Story, ...] = ()
    most_shared: tuple[Story, ...] = ()


@dataclass(frozen=True)
class SliceView:
    """`label` is the name of the section, tag, byline, publisher or language; `total` counts beyond the list."""

    frame: Frame
    which: Slice
    label: str
    stories: tuple[Story, ...]
    total: int
    most_read: tuple[Story, ...] = ()
    most_shared: tuple[Story, ...] = ()


@dataclass(frozen=True)
class DayView:
    """One day's archive: exactly the given stories. `previous` and `next` are the days to turn to, if any."""

    frame: Frame
    day: date
    stories: tuple[Story, ...]
    previous: date | None = None
    next: date | None = None


@dataclass(frozen=True)
class ArticleView:
    frame: Frame
    story: Story
    share_links: tuple[ShareLink, ...] = ()
    variants: tuple[Variant, ...] = ()
    discussions: tuple[Discussion, ...] = ()


class ListedFeed(Protocol):
    """What a page needs to know of a feed (services.feed.directory)."""

    @property
    def which(self) -> Slice: ...
    @property
    def label(self) -> str: ...
    @property
    def articles(self) -> int: ...


@dataclass(frozen=True)
class FeedsView:
    """`kinds` has the feeds of each kind of slice, largest first."""

    frame: Frame
    kinds: Mapping[str, Sequence[ListedFeed]]


def front_page(view: FrontView) -> bytes:
    return render("front.html", view.frame, stories=view.stories, popular=_popular(view))


def slice_page(view: SliceView) -> bytes:
    words = wording_for(view.frame.language)
    kinds = {
        "section": words.section,
        "tag": words.tag,
        "byline": words.byline,
        "publisher": words.publisher,
        "language": words.language_label,
    }
    return render(
        "slice.html",
        view.frame,
        kind=kinds.get(view.which.kind, ""),
        label=view.label,
        label_language=view.which.value if view.which.kind == "language" else "",
        stories=view.stories,
        total=view.total,
        popular=_popular(view),
    )


def _popular(view: FrontView | SliceView) -> list[tuple[str, str, tuple[Story, ...]]]:
    """Id, heading and articles of each list that has any."""
    words = wording_for(view.frame.language)
    lists = [
        ("most-read", words.most_read, view.most_read),
        ("most-shared", words.most_shared, view.most_shared),
    ]
    return [each for each in lists if each[2]]


def day_page(view: DayView) -> bytes:
    return render("day.html", view.frame, day=view.day, stories=view.stories, previous=view.previous, next=view.next)


def feeds_page(view: FeedsView) -> bytes:
    """The feeds there are: all sections, languages and publishers, the largest of tags and bylines."""
    words = wording_for(view.frame.language)
    headings = {
        "section": words.sections,
        "language": words.languages,
        "publisher": words.publishers,
        "tag": words.tags,
        "byline": words.bylines,
    }
    groups = [(heading, view.kinds.get(kind, ())[:LISTED_FEEDS]) for kind, heading in headings.items()]
    return render("feeds.html", view.frame, groups=groups, all=ALL, opml=OPML_PATH)


def article_page(view: ArticleView) -> bytes:
    content = {"share_links": view.share_links, "variants": view.variants, "discussions": view.discussions}
    return render("article.html", view.frame, story=view.story, **content)


def withdrawn_page(frame: Frame, story: Story) -> bytes:
    """The notice that stands in an article's place; served with 410."""
    return render("withdrawn.html", frame, story=story)


def not_found_page(frame: Frame) -> bytes:
    words = wording_for(frame.language)
    return render("message.html", frame, title=words.not_found_title, text=words.not_found_text, reference="")


def error_page(frame: Frame, reference: str = "") -> bytes:
    """A general failure; `reference` (a request id) lets a reader's report be found in the log."""
    words = wording_for(frame.language)
    return render("message.html", frame, title=words.error_title, text=words.error_text, reference=reference)
