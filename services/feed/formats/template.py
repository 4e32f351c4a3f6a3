"""Renders the templates: the one Jinja environment, and what templates may ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.feed.assets import static_path
from services.feed.card import news_article, open_graph, open_graph_locale, script_safe
from services.feed.discussion import Discussion
from services.feed.formats.fields import MEDIA_TYPES
from services.feed.formats.oembed import OEMBED_PATH, OEMBEDS
from services.feed.formats.texts import TEXTS
from services.feed.frame import Frame, MenuItem, web_url
from services.feed.story import Story
from services.feed.translations import Variant, hreflangs
from services.feed.wording import wording_for
from shared.localised import (
    date_line,
    date_text,
    language_name,
    number,
    publication_language,
)
from shared.slices import ALL, Slice, day_slice
from shared.text import direction_of
from shared.urls import FEEDS_PATH, FORMATS, OPML_PATH, feed_path, qr_path, share_path, short_url, slice_path

FORMAT_NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
_TEMPLATES = Path(__file__).parent.parent / "templates"


class ShareLink(Protocol):
    """What a page needs to know of a share link (services.feed.share); its target is our own counting address."""

    @property
    def network(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def is_page(self) -> bool: ...
    @property
    def on_phones(self) -> bool: ...


def render(template: str, frame: Frame, **content: Any) -> bytes:
    page = Page(frame)
    around = {"page": page, "frame": frame, "publication": frame.publication, "masthead": frame.masthead}
    return _environment().get_template(template).render(words=page.words, **around, **content).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        language_name=language_name,
        format_names=FORMAT_NAMES,
        feeds_path=FEEDS_PATH,
        short_url=short_url,
        share_path=share_path,
    )
    environment.filters["web_url"] = web_url
    return environment


class Page:
    """What templates may ask: texts in the page's language, addresses as links, language and direction marks."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.publication = frame.publication
        self.words = wording_for(frame.language)
        parts = urlsplit(frame.publication.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._folder = parts.path  # a publication may live below its host's root

    # Addresses

    def link(self, path: str) -> str:
        return self._folder + path

    def local(self, url: str) -> str:
        """An address of our own without its host, so that a page works under every name the host has."""
        return url.removeprefix(self._origin) if url.startswith(f"{self._origin}/") else url

    def slice(self, kind: str, slug: str) -> str:
        return self.link(slice_path(Slice(kind, slug)))

    def day_link(self, day: date) -> str:
        return self.link(slice_path(day_slice(day)))

    def feed(self, which: Slice, format: str) -> str:
        return self.link(feed_path(which, format))

    def share(self, link: ShareLink, story: Story) -> str:
        return self.link(share_path(link.network, story.id))

    def qr(self, story: Story) -> str:
        return self.link(qr_path(story.id))

    def static(self, name: str) -> str:
        return self.link(static_path(name))

    def languages(self) -> list[str]:
        """Languages of the publication as slices know them: without script and region."""
        return list(dict.fromkeys(tag.split("-")[0] for tag in self.publication.languages))

    def is_current(self, item: MenuItem) -> bool:
        return self.frame.canonical_url == self.publication.base_url + item.path

    @property
    def opml(self) -> str:
        return self.publication.base_url + OPML_PATH

    def feeds(self) -> list[tuple[str, str, str]]:
        """Media type, address and title of this page's feeds, then of the publication's."""
        name, label = self.publication.name, self.frame.feed_label
        titles = dict.fromkeys(self.frame.feed_urls.values(), f"{name}: {label}" if label else name)
        formats = {url: format for format, url in self.frame.feed_urls.items()}
        for format in FORMATS:
            url = self.publication.base_url + feed_path(ALL, format)
            titles[url], formats[url] = name, format
        return [(MEDIA_TYPES[formats[url]], url, f"{titles[url]} ({FORMAT_NAMES[formats[url]]})") for url in titles]

    # Language and direction

    def lang(self, language: str, direction: str = "") -> Markup:
        return Markup('lang="{}" dir="{}"').format(language, direction or direction_of(language))

    @property
    def ui(self) -> Markup:
        """lang and dir of our own words, where they are not in the page's language."""
        same = self.words.language == self.frame.language.split("-")[0].lower()
        return Markup("") if same else Markup(" ") + self.lang(self.words.language, self.words.direction)

    # Dates and numbers

    def date_language(self, story: Story) -> str:
        return publication_language(self.publication, story.language)

    def time(self, instant: datetime, story: Story) -> Markup:
        """A <time> with the date line of a story; its machine form is in the publication's zone."""
        language = self.date_language(story)
        machine = instant.astimezone(self.publication.tz).isoformat(timespec="seconds")
        line = date_line(instant, self.publication, language)
        return Markup('<time datetime="{}" {}>{}</time>').format(machine, self.lang(language), line)

    def is_updated(self, story: Story) -> bool:
        """True when the change would be read as another time: seconds are not shown."""
        return bool(self.time(story.updated_at, story).striptags() != self.time(story.published_at, story).striptags())

    def updated_line(self, story: Story) -> Markup:
        return Markup(self.words.updated).format(when=self.time(story.updated_at, story))  # noqa: S704 - our words

    def day_text(self, day: date) -> str:
        return date_text(day, self.publication.masthead.date_format, self.publication.language)

    def number(self, value: int) -> str:
        return number(value, self.words.language)

    # For machines

    def open_graph(self, story: Story, variants: Sequence[Variant]) -> Iterable[tuple[str, str]]:
        return ((name, content) for name, content in open_graph(story, self.publication, variants) if content)

    def open_graph_locale(self) -> str:
        return open_graph_locale(self.frame.language)

    def json_ld(self, story: Story, variants: Sequence[Variant], discussions: Sequence[Discussion]) -> Markup:
        return script_safe(news_article(story, self.publication, variants, discussions))

    def hreflangs(self, variants: Sequence[Variant]) -> Iterable[tuple[str, str]]:
        return ((language, self.publication.base_url + path) for language, path in hreflangs(variants))

    def other_forms(self, story: Story) -> list[tuple[str, str]]:
        """Media type and address of what else there is of an article: its texts, and how to embed it."""
        texts = [(media_type, f"{story.url}.{extension}") for extension, media_type in TEXTS.items()]
        asked = f"{self.publication.base_url}{OEMBED_PATH}?url={quote(story.url, safe='')}&format="
        return [*texts, *((f"{media_type}+oembed", asked + name) for name, media_type in OEMBEDS.items())]
