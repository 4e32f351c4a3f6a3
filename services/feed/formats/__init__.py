"""Every feed format by its name: the one table that views and rendering go through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.feed.formats import atom, jsonfeed, rss
from services.feed.formats.fields import MEDIA_TYPES
from services.feed.story import Document


@dataclass(frozen=True)
class Format:
    """`render` is pure: equal documents give equal bytes."""

    name: str
    content_type: str
    render: Callable[[Document], bytes]


FORMATS = {
    name: Format(name, f"{MEDIA_TYPES[name]}; charset=utf-8", render)
    for name, render in {"rss": rss.render, "atom": atom.render, "json": jsonfeed.render}.items()
}


def link_header(**relations: str) -> str:
    """One combined `Link` header (RFC 8288) of relations and their addresses."""
    return ", ".join(f'<{url}>; rel="{name}"' for name, url in relations.items())
