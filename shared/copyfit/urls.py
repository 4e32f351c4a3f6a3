"""Addresses in the form that every network keeps whole."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import idna
import regex

# RFC 3986 allows round brackets and the apostrophe too, but a link may end at them.
_SAFE = "/:@!$&*+,;=~-._"
_STRAY_PERCENT = regex.compile(r"%(?![0-9A-Fa-f]{2})")
# With what else a link may end differs from part to part.
_PATH_END = regex.compile(r"[A-Za-z0-9\-=_/+]\Z")
_QUERY_END = regex.compile(r"[A-Za-z0-9\-=_/&]\Z")
_FRAGMENT_END = regex.compile(r"[A-Za-z0-9\-=_/]\Z")


def ascii_url(url: str) -> str:
    """The address in ASCII: host in punycode (IDNA 2008, UTS 46), the rest percent-encoded; what is encoded stays.

    Networks end a link at the first letter they do not know and count the rest as text.
    Raises ValueError for what is no http or https address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url[:200]!r} is no address of a page; http or https and a host are accepted.")
    port = f":{parts.port}" if parts.port is not None else ""
    path = parts.path or ("/" if parts.query or parts.fragment else "")
    rest = _encode(path, _SAFE, _PATH_END)
    rest += f"?{_encode(parts.query, _SAFE + '?', _QUERY_END)}" if parts.query else ""
    rest += f"#{_encode(parts.fragment, _SAFE, _FRAGMENT_END)}" if parts.fragment else ""
    return f"{parts.scheme}://{_ascii_host(parts.hostname)}{port}{rest}"


def _encode(part: str, safe: str, end: regex.Pattern[str]) -> str:
    """Percent-encoded, the last character too where a link may not end with it; a last plus stands for a space."""
    encoded = quote(_STRAY_PERCENT.sub("%25", part), safe=safe + "%", errors="replace")
    if not encoded or end.search(encoded):
        return encoded
    return encoded[:-1] + ("%20" if encoded[-1] == "+" else f"%{ord(encoded[-1]):02X}")


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else idna.encode(host, uts46=True).decode()
