"""Composes feed documents: a feed as it is now, its older pages, what changed in it since, and archives of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from services.feed.cursors import Before, Since, refused
from services.feed.entries import Page, Window, articles_of_days, changed, neighbours, older, window
from services.feed.record import Record, State
from services.feed.story import Document, Story
from shared.slices import ALL
from shared.text import direction_of
from shared.topics import Selection, Topic
from shared.urls import FORMATS, archive_path, slice_path

# Articles on a page of older ones, or of changes.
PAGE = 100


@dataclass(frozen=True)
class Documents:
    """Everything it returns is a function of the record alone."""

    record: Record

    def feed(self, session: Session, selection: Selection, state: State) -> Document:
        """The feed as it is now: the newest articles, and the notices of what was withdrawn lately."""
        which = state.slices[0]
        if which.kind == "day":
            stories, following, archives = self.record.day(session, which), None, {}
        else:
            settings = self.record.settings
            size = Window(settings.feed_items, settings.feed_hours, settings.feed_most_items)
            page = window(session, state.slices, state.changed_at, size)
            stories, following = self.record.stories(session, page.seqs), page.next
            archives = self._before_these(session, stories) if which == ALL else {}
        publication = self.record.publication
        return Document(
            **self._head(selection, state),
            feed_urls=self._urls(selection),
            stories=tuple(stories),
            hub_url=publication.hub_url,
            cloud_url=publication.cloud_url,
            links=self._onward(selection, following) | archives | self._since(selection, Since(state.seq)),
        )

    def older(self, session: Session, selection: Selection, state: State, before: Before) -> Document:
        """The page of a feed that begins where `before` says."""
        page = older(session, state.slices, before, PAGE)
        first = {"first": self._urls(selection)}
        return self._page(
            session, selection, state, page, before=before, links=first | self._onward(selection, page.next)
        )

    def changed(self, session: Session, selection: Selection, state: State, since: Since) -> Document:
        """What changed after `since`, and where to go on. Raises Refused (400) for a cursor of the future."""
        if since.seq > state.seq:
            raise refused("since", str(since))
        page = changed(session, state.slices, since, PAGE)
        onward = self._since(selection, page.next if isinstance(page.next, Since) else Since(state.seq))
        links = {"next": onward["since"]} | onward if page.next else onward
        return self._page(session, selection, state, page, since=since, links=links)

    def archive(self, session: Session, state: State) -> Document:
        """The archive of a day, exactly its standing articles, linked to those of the days around it."""
        (which,) = state.slices
        earlier, later = neighbours(session, which.day)
        base = self.record.publication.base_url
        own = {format: base + archive_path(which.day, format, state.revision) for format in FORMATS}
        return Document(
            **self._head(Selection((which,)), state),
            feed_urls=own,
            current_urls=self._urls(Selection()),
            stories=tuple(story for story in self.record.day(session, which) if not story.withdrawn_at),
            links=self._archives(earlier, later),
            is_archive=True,
        )

    def _page(
        self, session: Session, selection: Selection, state: State, page: Page, *, links: dict[str, Any], **at: object
    ) -> Document:
        return Document(
            **self._head(selection, state),
            feed_urls=self._urls(selection, **at),
            current_urls=self._urls(selection),
            stories=tuple(self.record.stories(session, page.seqs)),
            links=links,
        )

    def _head(self, selection: Selection, state: State) -> dict[str, Any]:
        publication, first = self.record.publication, state.slices[0]
        name = publication.name if first == ALL else f"{', '.join(state.labels)} – {publication.name}"
        language = next((each.value for each in selection.slices if each.kind == "language"), publication.language)
        return {
            "title": name,
            "description": publication.description or name,
            "language": language,
            "direction": direction_of(language),
            "home_url": publication.base_url + slice_path(first),
            "changed_at": state.changed_at,
            "publication_name": publication.name,
            "base_url": publication.base_url,
        }

    def _before_these(self, session: Session, stories: Sequence[Story]) -> dict[str, dict[str, str]]:
        """Leads to the newest day that is not wholly among these, so that feed and archives have no gap."""
        here = Counter(story.day for story in stories if not story.withdrawn_at)
        oldest = min(here, default=date.max)
        standing = articles_of_days(session, oldest)
        incomplete = next((day for day, count in standing.items() if here[day] != count), None)
        return self._archives(incomplete or neighbours(session, oldest)[0], None)

    def _archives(self, earlier: date | None, later: date | None) -> dict[str, dict[str, str]]:
        base = self.record.publication.base_url
        days = {"prev-archive": earlier, "next-archive": later}
        return {
            relation: {format: base + archive_path(day, format) for format in FORMATS}
            for relation, day in days.items()
            if day
        }

    def _onward(self, selection: Selection, following: object) -> dict[str, dict[str, str]]:
        return {"next": self._urls(selection, before=following)} if following else {}

    def _since(self, selection: Selection, since: Since) -> dict[str, dict[str, str]]:
        return {"since": self._urls(selection, since=since)}

    def _urls(self, selection: Selection, **at: object) -> dict[str, str]:
        base = self.record.publication.base_url
        return {format: base + address(Topic(selection, format), **at) for format in FORMATS}


def address(topic: Topic, **at: object) -> str:
    """Path and query of a feed's document at a cursor (`before` or `since`), of the feed itself without."""
    query = "&".join(f"{name}={cursor}" for name, cursor in at.items())
    return topic.path + ("&" if "?" in topic.path else "?") * bool(query) + query
