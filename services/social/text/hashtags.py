"""Hashtags from tags, in every script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Hashtags:
    """How a network takes hashtags: how many go with a post, how many graphemes each, and whether it takes the
    zero-width non-joiner of Persian inside one (elsewhere an underscore stands for it)."""

    most: int = 3
    longest: int = 64
    joins: bool = True


def hashtag(tag: str, style: Hashtags) -> str:
    """The tag as one word without the #, or "" where none can be made: nothing but digits, too long, no letter."""
    raise NotImplementedError


def hashtags(tags: Iterable[str], style: Hashtags) -> tuple[str, ...]:
    """The first usable tags, each once whatever its case, in their order."""
    raise NotImplementedError
