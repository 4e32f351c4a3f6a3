"""Documents with one hard case each, beside the bytes expected of them in tests/golden/feeds.

`python -m tests.unit.feed.golden` writes the files anew; a change there is reviewed as a change of behaviour.
"""

from __future__ import annotations

import json
from pathlib import Path

from services.feed.formats import FORMATS
from services.feed.networks import NETWORKS
from services.feed.share import share_links, share_target, subject_of
from tests.unit.feed import stories

FOLDER = Path(__file__).parents[2] / "golden"
SHARED = {
    "english": stories.ENGLISH,
    "turkish": stories.TURKISH,
    "arabic": stories.ARABIC,
    "persian": stories.PERSIAN,
    "chinese": stories.CHINESE,
    "syndicated": stories.SYNDICATED,
}
CASES = {
    "empty": stories.EMPTY,
    "leading-on": stories.LEADING_ON,
    "page": stories.PAGE,
    "archive": stories.ARCHIVE,
    "markup-title": stories.document(stories.MARKUP_TITLE),
    "plain-signs": stories.document(stories.PLAIN_SIGNS),
    "source-without-address": stories.document(stories.SOURCE_WITHOUT_ADDRESS),
    "withdrawn": stories.document(stories.WITHDRAWN),
    **{name: stories.document(story) for name, story in SHARED.items()},
}


def feed_file(name: str, format: str) -> Path:
    return FOLDER / "feeds" / f"{name}.{format}"


def share_file(name: str) -> Path:
    return FOLDER / "share" / f"{name}.json"


def shared(name: str) -> str:
    """Every network's link for a story, one per line."""
    subject = subject_of(SHARED[name])
    links = {link.network: share_target(link.network, subject) for link in share_links(subject, NETWORKS)}
    return json.dumps(links, indent=2) + "\n"


def _write() -> None:
    for name, document in CASES.items():
        for format, found in FORMATS.items():
            feed_file(name, format).parent.mkdir(parents=True, exist_ok=True)
            feed_file(name, format).write_bytes(found.render(document))
    for name in SHARED:
        share_file(name).parent.mkdir(parents=True, exist_ok=True)
        share_file(name).write_text(shared(name))


if __name__ == "__main__":
    _write()
