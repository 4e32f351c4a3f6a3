"""Who holds copies outside of the installation: networks with accounts of the newsroom, a subscriber of the hub."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import dataclass

import requests

from shared.slices import Slice
from shared.urls import feed_path
from tests.accounts import add_account
from tests.networks.mastodon import MastodonServer
from tests.networks.server import NetworkServer
from tests.networks.slack import SlackServer
from tests.storm.plan import AGENCIES, Story, publisher_slug
from tests.subscribers import Subscribers
from tests.system import Installation, wait_for

# One account for each of these languages. The first network makes one post of a draft that comes twice; at the second,
# what was sent has to be looked up.
NETWORKS: dict[str, type[NetworkServer]] = {"tr": MastodonServer, "fa": SlackServer}
AGENCY = AGENCIES[0]  # whose stories are posted
TOPIC = Slice("language", "zh")


def is_posted(story: Story, language: str) -> bool:
    """Whether the account of this language posts the story, whenever it comes: not if it comes from an archive."""
    return story.agency == AGENCY and story.versions[0].language == language and story.published_at is None


@dataclass(frozen=True)
class Copies:
    """What they hold: the posts of each language, and titles by id in the feed as the subscriber was told last."""

    posts: dict[str, list[str]]
    told: dict[str, str]


class Outside:
    """Used as a context: begins with servers that answer, and ends with them."""

    def __enter__(self) -> Outside:
        self._open = ExitStack()
        self._subscriber = self._open.enter_context(Subscribers())
        self._networks = {language: self._open.enter_context(closing(made())) for language, made in NETWORKS.items()}
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def environment(self) -> dict[str, str]:
        """What allows the installation to call them, since they are private."""
        return {
            "MASTHEAD_SOCIAL_ALLOW": ",".join(f"127.0.0.1:{each.port}" for each in self._networks.values()),
            "MASTHEAD_PUSH_ALLOW": f"127.0.0.1:{self._subscriber.port}",
        }

    def connect(self, installation: Installation) -> None:
        """Makes the accounts, and subscribes."""
        for language, network in self._networks.items():
            choice = {"languages": [language], "publishers": [publisher_slug(AGENCY)]}
            add_account(installation, network, f"courier-{language}", **choice)
        asked = {
            "hub.mode": "subscribe",
            "hub.topic": installation.feed + feed_path(TOPIC, "json"),
            "hub.callback": self._subscriber.url(),
        }
        answer = requests.post(f"{installation.push}/hub", data=asked, timeout=30)
        assert answer.status_code == 202, answer.text
        wait_for(self._subscriber.questions, what="the hub asks whether the subscription is wanted")

    def copies(self) -> Copies:
        deliveries = self._subscriber.deliveries()
        items = json.loads(deliveries[-1].body)["items"] if deliveries else []
        return Copies(
            posts={language: network.texts() for language, network in self._networks.items()},
            told={item["id"].removeprefix("urn:uuid:"): item["title"] for item in items},
        )
