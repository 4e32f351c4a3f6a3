"""Share links of a story: for each network the address that opens its own "new post" window with the story in it.

Pure. A link always leads to the network's own fixed address, and no link is longer than servers and apps take.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import regex

from services.feed.networks import NETWORKS, Subject, encode
from services.feed.story import Story
from shared.copyfit.cutting import shorten
from shared.errors import ConfigurationError
from shared.urls import short_url

# Percent-encoded, of headline, summary and picture each: three of them and the article's own address make up a link of
# less than 8,000 characters, which is as much as common servers read.
LONGEST_VALUE = 2000

_INVISIBLE = regex.compile(r"[\s\p{Cc}\p{Cs}]+")


@dataclass(frozen=True)
class ShareLink:
    """`is_page` and `on_phones` are as in Network."""

    network: str
    label: str
    is_page: bool = True
    on_phones: bool = False


def subject_of(story: Story) -> Subject:
    return Subject(
        url=story.url,
        headline=story.headline,
        summary=story.summary,
        language=story.language,
        tags=tuple(tag.label for tag in story.tags),
        image=story.image.url if story.image and _is_short(story.image.url) else "",
        short_url=short_url(story.url),
    )


def can_take(network: str, subject: Subject) -> bool:
    """False for a network that is unknown, or that needs an image where there is none."""
    return network in NETWORKS and (bool(subject.image) or not NETWORKS[network].needs_image)


def check_networks(names: Iterable[str]) -> None:
    """Raises ConfigurationError for a name in publication.toml that is none of a network."""
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        raise ConfigurationError(
            f"share.networks in the publication's file: no article can be shared on {', '.join(map(repr, unknown))}; "
            f"accepted are {', '.join(NETWORKS)}"
        )


def share_links(subject: Subject, networks: Iterable[str]) -> list[ShareLink]:
    """Those of the networks that can take the subject, in their order."""
    taking = ((name, NETWORKS[name]) for name in networks if can_take(name, subject))
    return [ShareLink(name, each.label, each.is_page, each.on_phones) for name, each in taking]


def share_target(network: str, subject: Subject) -> str | None:
    """Where sharing on a network leads: always an address of that network. None where `can_take` is False."""
    if not can_take(network, subject):
        return None
    found = NETWORKS[network]
    subject = replace(
        subject, headline=_short_line(subject.headline, subject), summary=_short_line(subject.summary, subject)
    )
    given = {name: value(subject) for name, value in found.takes.items()}
    return found.endpoint + "&".join(f"{name}={encode(value)}" for name, value in given.items() if value)


def _short_line(text: str, subject: Subject) -> str:
    line = str(_INVISIBLE.sub(" ", text)).strip()
    # Of more letters than that, encoded they are too many in any case.
    return shorten(line[: LONGEST_VALUE + 1], subject.language, _is_short)[0]


def _is_short(value: str) -> bool:
    return len(encode(value)) <= LONGEST_VALUE
