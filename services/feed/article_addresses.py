"""Which article an address means: only the key at its end tells, whatever slug stands before it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from shared.errors import NotFound

LONGEST_ADDRESS = 4000

_KEY = re.compile(r"(?:^|-)([0-9a-hjkmnp-tv-z]{10})\Z")
_IN_PAGES = re.compile(r"/\d{4}/\d\d/\d\d/([^/]+)")


def key_in_name(name: str) -> str:
    """The key in the last part of an address. Raises NotFound where there is none."""
    found = _KEY.search(name)
    if not found:
        raise NotFound("No article has this address.")
    return found[1]


def key_in_address(address: str, base_url: str) -> str:
    """The key in the address of one of the publication's articles. Raises NotFound for any other address."""
    try:
        there, home = urlsplit(address[:LONGEST_ADDRESS]), urlsplit(base_url)
    except ValueError:
        return key_in_name("")
    if there.scheme not in ("http", "https") or there.netloc.lower() != home.netloc.lower():
        return key_in_name("")
    found = _IN_PAGES.fullmatch(there.path.removeprefix(home.path))
    return key_in_name(unquote(found[1]) if found else "")
