"""What publishers will do in one campaign: a pure function of the seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# In every headline, so that whoever sees an item knows which submission it is and in which version.
TOKEN = re.compile(r"\b(a\d{4,})v(\d+)\b")

AGENCIES = ("Harbour Wire", "Hill Agency")
SECTIONS = ("world", "economy", "sport", "Local News", None)
TAGS = ("harbour", "Budget 2026", "storm", "bread", "Night Trains", "owls")
BYLINES = ("Ada Quill", "Bekir Usta", "Chen Li", "Dora Finch")
LANGUAGES = ("en", "tr", "ar", "fa", "zh")
TITLES = ("Harbour reopens", "Council counts its bridges", "Bakers agree on a loaf", "Night trains return")
# Of the stories without one, whose keys end so, a card is drawn.
PICTURE = {"url": "https://pictures.example/harbour.jpg", "alt": "Ships in the harbour"}
NO_PICTURE = "00"
SENTENCES = (
    "The ferry left at seven with nobody on deck.",
    "A spokeswoman read the figures twice.",
    "Rain is expected until the week ends.",
    "The old bridge carries one lane each way.",
)


@dataclass(frozen=True)
class Version:
    """The content of an article after so many replacements."""

    number: int  # 1 is the first submission
    headline: str
    section: str | None
    tags: tuple[str, ...]
    bylines: tuple[str, ...]
    language: str

    @property
    def slices(self) -> set[str]:
        """Where the article has to stand, but for its day and its publisher; told apart from the product's own rule."""
        names = {"all", f"language:{self.language}"}
        names |= {f"tag:{_slug(tag)}" for tag in self.tags} | {f"byline:{_slug(name)}" for name in self.bylines}
        return names | ({f"section:{_slug(self.section)}"} if self.section else set())


@dataclass(frozen=True)
class Story:
    """One article's whole life, and how its publisher takes a missing answer."""

    key: str
    agency: str
    versions: tuple[Version, ...]
    body: str
    published_at: str | None
    external_id: str | None
    idempotency_key: str | None
    twice: bool  # sent twice at the same moment, as an impatient CMS does
    gives_up: bool  # is content not to know when an answer is missing
    edited_after: float  # seconds
    withdrawn_after: float | None  # seconds after the last edit

    @property
    def repeatable(self) -> bool:
        return self.external_id is not None or self.idempotency_key is not None

    def content(self, version: Version) -> dict[str, Any]:
        """The JSON of a version as its publisher sends it."""
        given = {
            "section": version.section,
            "external_id": self.external_id,
            "published_at": self.published_at,
            "image": None if self.key.endswith(NO_PICTURE) else PICTURE,
        }
        return {
            "headline": version.headline,
            "body": self.body,
            "language": version.language,
            "tags": list(version.tags),
            "bylines": list(version.bylines),
            **{name: value for name, value in given.items() if value is not None},
        }


def make_stories(seed: int, count: int, now: datetime) -> list[Story]:
    """The stories of a campaign; the same seed makes the same stories but for the times counted back from `now`."""
    rng = random.Random(f"stories {seed}")
    return [_story(rng, number, now) for number in range(count)]


def _story(rng: random.Random, number: int, now: datetime) -> Story:
    key = f"a{number:04}"
    edits = rng.choices((0, 1, 2), (95, 4, 1))[0]
    withdrawn = rng.random() < 0.05
    identity = rng.choices(("external_id", "key", "both", "nothing"), (50, 25, 15, 10))[0]
    twice = identity != "nothing" and not edits and not withdrawn and rng.random() < 0.05
    versions = [_version(rng, key, 1, None)]
    for _ in range(edits):
        versions.append(_version(rng, key, len(versions) + 1, versions[-1]))
    # Within the hours that every feed reaches back, and never on the edge of them.
    old = now - timedelta(hours=rng.uniform(1, 40)) if rng.random() < 0.15 else None
    return Story(
        key=key,
        agency=AGENCIES[number % 2],
        versions=tuple(versions),
        body="".join(f"<p>{rng.choice(SENTENCES)}</p>" for _ in range(rng.randint(1, 4))),
        published_at=old.isoformat(timespec="seconds") if old else None,
        # Neighbours have different publishers, who may use the same id for different articles.
        external_id=f"wire-{number // 2}" if identity in ("external_id", "both") else None,
        idempotency_key=f"key-{key}" if identity in ("key", "both") else None,
        twice=twice,
        gives_up=rng.random() < 0.1,
        # At once, so that both versions are under way together, or later.
        edited_after=rng.choice((0.0, 0.0, rng.uniform(0.1, 8))),
        withdrawn_after=rng.choice((0.0, rng.uniform(0.1, 8))) if withdrawn else None,
    )


def _version(rng: random.Random, key: str, number: int, before: Version | None) -> Version:
    tags = tuple(rng.sample(TAGS, rng.randint(0, 3)))
    return Version(
        number=number,
        headline=f"{rng.choice(TITLES)} {key}v{number}",
        section=rng.choice(SECTIONS),
        tags=tags,
        bylines=before.bylines if before and rng.random() < 0.7 else tuple(rng.sample(BYLINES, rng.randint(0, 2))),
        language=before.language if before else rng.choice(LANGUAGES),
    )


def publisher_slug(agency: str) -> str:
    return _slug(agency)


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
