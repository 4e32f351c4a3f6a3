"""Web addresses as browsers read them (URL standard, a superset of RFC 3986), by the parser that Node.js uses."""

from __future__ import annotations

import re
from collections.abc import Collection

import can_ada

from services.enrich.allowlist import LINK_SCHEMES

# Browsers ignore these wherever they stand in an address, so "java\tscript:" is a script. Spaces are taken out as
# well, although browsers keep them: what only looks like a script has no business in an article either.
_IGNORED = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


def scheme_of(address: str) -> str:
    """The scheme in lower case, seen through white space and controls; empty for a relative address."""
    match = _SCHEME.match(_IGNORED.sub("", address))
    return match[1].lower() if match else ""


def resolve(address: str, base: str, schemes: Collection[str] = LINK_SCHEMES) -> str | None:
    """The absolute address, in ASCII, that a browser would go to; None where it would go nowhere good.

    An absolute address without anything to encode is left exactly as it was written.
    """
    address = address.strip()
    if scheme_of(address) not in {"", *schemes}:
        return None
    try:
        url = can_ada.parse(base) + address if base else can_ada.parse(address)
    except (ValueError, TypeError):  # TypeError: a lone surrogate has no UTF-8 form
        return None
    if url.protocol.rstrip(":") not in schemes:
        return None
    written_out = _PLAIN.fullmatch(address) and re.match(r"https?://[^/]", address, re.IGNORECASE)
    return address if written_out else url.href
