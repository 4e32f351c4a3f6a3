"""What is to be counted: the difference between where an article stands counted and where it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def difference(counted: Iterable[str], wanted: Iterable[str]) -> Counter[str]:
    """+1 for each slice the article enters, -1 for each it leaves, nothing for those in which it stays.

    Applying it twice is impossible by construction: after the first time there is no difference.
    """
    before, after = set(counted), set(wanted)
    return Counter(dict.fromkeys(after - before, 1) | dict.fromkeys(before - after, -1))
