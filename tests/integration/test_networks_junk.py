"""Answers in which one thing is not what was promised: they give a post or a PostError, never another error."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.social.draft import Posted
from services.social.network import Network
from services.social.outcomes import PostError
from tests.networks.junk import Junk
from tests.networks.server import NetworkServer
from tests.networks.suite import drafted, picture

ROUNDS = 15


def test_an_answer_with_junk_in_it_is_a_post_or_a_post_error(server: NetworkServer, network: Network) -> None:
    chance = random.Random(network.name)
    answer = server.answer
    draft = drafted(server, media=(picture(server),) if network.can.media else (), image=picture(server))
    posted = _published(server, network, draft.key)
    for number in range(ROUNDS):
        for act in _acts(server, network, posted, number):
            server.answer = Junk(answer, chance)  # type: ignore[method-assign]
            try:
                act()
            except PostError as error:
                assert str(error).isprintable()


def _published(server: NetworkServer, network: Network, key: str, number: int = 0) -> Posted:
    account, door = server.account(), server.door()
    media = (picture(server),) if network.can.media and number % 2 else ()
    draft = drafted(server, f"Story {number} of {key}", key=f"{key}-{number}", media=media, image=picture(server))
    posted = network.publish(network.prepare(draft, account, door), account, door)
    assert posted.id.isprintable()
    assert posted.url.startswith("http") or not posted.url
    return posted


def _acts(server: NetworkServer, network: Network, posted: Posted, number: int) -> list[Callable[[], object]]:
    account, door, since = server.account(), server.door(), datetime.now(UTC) - timedelta(hours=1)
    draft = drafted(server, f"Story {number} again", key=f"again-{number}")
    return [
        lambda: _published(server, network, "junk", number),
        lambda: network.find(draft, account, door, since),
        lambda: network.edit(posted, draft, account, door),
        lambda: network.measure(posted, account, door),
        lambda: network.check(account, door),
    ]
