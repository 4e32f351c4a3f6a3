"""How urgent an article is: the IPTC's editorial urgency, as ninjs and NewsML-G2 have it.

1 is the most urgent (a flash), 5 normal, 8 the least; 9 is free for a newsroom's own use. Most articles have none: the
record keeps that as it is, and whoever has to decide by urgency takes the normal one.
"""

from __future__ import annotations

MOST_URGENT = 1
LEAST_URGENT = 9
NORMAL = 5
BREAKING = 2  # the least urgent of breaking news


def urgency_of(given: int | None) -> int:
    """The urgency to decide by."""
    return NORMAL if given is None else given


def is_breaking(given: int | None) -> bool:
    """True for breaking news, which does not wait its turn."""
    return urgency_of(given) <= BREAKING
