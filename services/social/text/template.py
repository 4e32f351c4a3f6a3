"""Templates of posts: Jinja's syntax, but only values, conditions and a few filters. Nothing in them can loop, call,
reach into an object or grow: what is not named here is refused when the template is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from services.social.article import Article


class Kind(Enum):
    FIXED = "the template's own words"
    PROSE = "prose"
    URL = "address"
    HASHTAGS = "hashtags"


@dataclass(frozen=True)
class Part:
    """A piece of a post. `name` is the value it came from; only prose is ever shortened."""

    kind: Kind
    text: str
    name: str = ""


class TemplateRefused(Exception):
    """The template cannot be used. `problems` are sentences that say where and why."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


@dataclass(frozen=True)
class Template:
    source: str

    def parts(self, article: Article, hashtags: tuple[str, ...] = (), emoji: str = "") -> tuple[Part, ...]:
        """The post's pieces in order. `hashtags` are words without the #."""
        raise NotImplementedError


def read_template(source: str) -> Template:
    """Raises TemplateRefused."""
    raise NotImplementedError


DEFAULTS: dict[str, str] = {}
