"""Documents with one hard case each, beside the bytes expected of them in tests/golden.

`python -m tests.unit.feed.golden` writes the files anew; a change there is reviewed as a change of behaviour.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from services.feed.formats import FORMATS
from services.feed.formats.posters import RENDER, PosterFeed, PosterItem
from services.feed.networks import NETWORKS
from services.feed.share import share_links, share_target, subject_of
from services.social.network import Account
from services.social.networks import AVAILABLE
from shared.urls import poster_urn
from tests.unit.feed import stories
from tests.unit.social.golden import CASES as ARTICLES

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

POSTED = ("english-long", "arabic", "chinese", "japanese", "links-and-entities")


def feed_file(name: str, format: str) -> Path:
    return FOLDER / "feeds" / f"{name}.{format}"


def share_file(name: str) -> Path:
    return FOLDER / "share" / f"{name}.json"


def shared(name: str) -> str:
    """Every network's link for a story, one per line."""
    subject = subject_of(SHARED[name])
    links = {link.network: share_target(link.network, subject) for link in share_links(subject, NETWORKS)}
    return json.dumps(links, indent=2) + "\n"


def poster_file(name: str, format: str) -> Path:
    return FOLDER / "posters" / f"{name}.{format}"


def poster_text(name: str) -> str:
    """What an outside poster is to post on X about an article."""
    account = Account("outside", "zapier", settings={"for": "x"})
    draft = AVAILABLE["outside"].compose(ARTICLES[name], account, key="k", at=datetime(2026, 11, 23, 12, tzinfo=UTC))
    (text,) = draft.texts
    return text


def poster_feed(name: str) -> PosterFeed:
    """A feed that holds this text, above another."""
    released = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
    article = ARTICLES[name]
    newest = PosterItem(
        poster_urn(article.id, 7, "article"), "https://news.example.com/a?via=zapier", poster_text(name),
        article.language, released,
    )  # fmt: skip
    older = PosterItem(
        poster_urn(article.id, 7, "correction.2"), "https://news.example.com/b?via=zapier", "An older text", "en",
        datetime(2026, 11, 23, 11, tzinfo=UTC),
    )  # fmt: skip
    urn = "urn:uuid:00000000-0000-4000-8000-000000000007"
    return PosterFeed(urn, "The Courier: zapier", "https://news.example.com/", "en", released, (newest, older))


def _write() -> None:
    for name, document in CASES.items():
        for format, found in FORMATS.items():
            feed_file(name, format).parent.mkdir(parents=True, exist_ok=True)
            feed_file(name, format).write_bytes(found.render(document))
    for name in POSTED:
        for format, render in RENDER.items():
            poster_file(name, format).parent.mkdir(parents=True, exist_ok=True)
            poster_file(name, format).write_bytes(render(poster_feed(name)))
    for name in SHARED:
        share_file(name).parent.mkdir(parents=True, exist_ok=True)
        share_file(name).write_text(shared(name))


if __name__ == "__main__":
    _write()
