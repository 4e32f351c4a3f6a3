"""All networks with their servers, and drafts to post on them."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.social.draft import Draft, Media
from services.social.network import Network
from services.social.text.writing import Span, Text, Written
from tests import networks
from tests.networks.server import NetworkServer

for module in pkgutil.iter_modules(networks.__path__):
    importlib.import_module(f"tests.networks.{module.name}")
SERVERS: dict[str, type[NetworkServer]] = {each.network.name: each for each in NetworkServer.__subclasses__()}
LINK = "https://news.example/2026/harbour"
TEXT = f"Harbour reopens after storm – بندر 👩‍👩‍👧 {LINK} #Harbour"
ALT = "Two cranes & a ship, seen from <the quay>"
AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def drafted(server: NetworkServer, *texts: str, network: Network | None = None, **fields: Any) -> Draft:
    """A draft as `compose` makes it, with these texts."""
    network = network or server.network()
    account = server.account()
    texts = texts or (TEXT,)
    values: dict[str, Any] = {
        "network": network.name,
        "key": "article-17-post",
        "at": AT.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "texts": texts,
        "language": "en-GB",
        "link": LINK,
        "title": "Harbour reopens",
        "description": "After three days ships come in again.",
    }
    draft = Draft(**values | fields)
    written = Written(tuple(_text(text) for text in texts), shortened=False)
    return replace(draft, extra=network.freeze(draft, written, account))


def picture(server: NetworkServer) -> Media:
    return Media(f"{server.url}/card.png", ALT, 1200, 630)


def _text(text: str) -> Text:
    links = tuple(Span(found.start(), found.end(), found[0]) for found in re.finditer(r"https?://\S+", text))
    tags = tuple(Span(found.start(), found.end(), found[0][1:]) for found in re.finditer(r"#\w+", text))
    return Text(text, links, tags)
