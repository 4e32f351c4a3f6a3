"""Who asks: the client's address behind one's own proxies, and whether it is a person who looks at the page now, or a
program that takes it away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawleruseragents import is_crawler

from shared.visitors import Visitor, client_behind

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Of a User-Agent, more says nothing more, and searching it takes time.
LONGEST = 500
# A person has such a tool in hand; only who comes by itself, as crawlers and previews do, is no reader.
_TOOL = re.compile(r"^(?:curl|wget|httpie|python-requests|python-httpx|python-urllib)/", re.IGNORECASE)
# Who shows a preview of an address that somebody has put into a message. Few names, and whole ones: pollers are named
# after networks, too.
_PREVIEW = re.compile(
    r"Slackbot-LinkExpanding|Slack-ImgProxy|facebookexternalhit|Facebot|Twitterbot|LinkedInBot|Discordbot|TelegramBot"
    r"|WhatsApp/|SkypeUriPreview|MicrosoftPreview|BingPreview"
)
_PREFETCH = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")


def visitor_of(environ: WSGIEnvironment, proxies: int) -> Visitor:
    """The client behind `proxies` servers of one's own."""
    address = client_behind(proxies, environ.get("HTTP_X_FORWARDED_FOR", ""), environ.get("REMOTE_ADDR", ""))
    return Visitor(address[:100], environ.get("HTTP_USER_AGENT", "")[:LONGEST])


def is_person(environ: WSGIEnvironment) -> bool:
    """False for known crawlers, for programs without a name, and for pages fetched before anybody looks at them."""
    if _is_prefetch(environ):
        return False
    user_agent = environ.get("HTTP_USER_AGENT", "")[:LONGEST]
    return bool(user_agent) and (bool(_TOOL.match(user_agent)) or not is_crawler(user_agent))


def is_poller(environ: WSGIEnvironment) -> bool:
    """Whether a program gets the document to work with it. A browser's window (Fetch Metadata) is none, nor is the
    preview of a link, nor who asks by HEAD."""
    if environ["REQUEST_METHOD"] != "GET" or _is_prefetch(environ):
        return False
    # Programs may send Sec-Fetch-Mode too, of another value: node's fetch does.
    if environ.get("HTTP_SEC_FETCH_MODE") == "navigate" or environ.get("HTTP_SEC_FETCH_DEST") == "document":
        return False
    return not _PREVIEW.search(environ.get("HTTP_USER_AGENT", "")[:LONGEST])


def _is_prefetch(environ: WSGIEnvironment) -> bool:
    return any(
        said in environ.get(name, "").lower() for name in _PREFETCH for said in ("prefetch", "prerender", "preview")
    )
