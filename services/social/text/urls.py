"""Addresses in the form that every network keeps whole."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import idna
import regex

# RFC 3986 allows round brackets and the apostrophe too, but a link may end at them.
_SAFE = "/:@!$&*+,;=~-._?"
_STRAY_PERCENT = regex.compile(r"%(?![0-9A-Fa-f]{2})")
_GOOD_END = regex.compile(r"[A-Za-z0-9+\-=_#/]\Z")


def ascii_url(url: str) -> str:
    """The address in ASCII: host in punycode (IDNA 2008, UTS 46), the rest percent-encoded; what is encoded stays.

    Networks end a link at the first letter they do not know and count the rest as text.
    Raises ValueError for what is no http or https address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url[:200]!r} is no address of a page; http or https and a host are accepted.")
    port = f":{parts.port}" if parts.port is not None else ""
    rest = _encode(parts.path or "/") if parts.path or parts.query or parts.fragment else ""
    rest += f"?{_encode(parts.query)}" if parts.query else ""
    rest += f"#{_encode(parts.fragment)}" if parts.fragment else ""
    if rest and not _GOOD_END.search(rest):
        rest = f"{rest[:-1]}%{ord(rest[-1]):02X}"
    return f"{parts.scheme}://{_ascii_host(parts.hostname)}{port}{rest}"


def _encode(part: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_SAFE + "%", errors="replace")


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else idna.encode(host, uts46=True).decode()
