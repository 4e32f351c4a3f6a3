"""Addresses in the form that every network keeps whole."""

from __future__ import annotations


def ascii_url(url: str) -> str:
    """The address in ASCII: host in punycode (IDNA 2008, UTS 46), the rest percent-encoded; what is encoded stays.

    Networks end a link at the first letter they do not know and count the rest as text.
    Raises ValueError for what is no http or https address.
    """
    raise NotImplementedError
