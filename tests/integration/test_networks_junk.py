"""Answers in which one thing is not what was promised: they give a post or a PostError, never another error."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.social.network import Network, Posted
from services.social.outcomes import PostError
from tests.networks.server import Answer, NetworkServer, Refusal, Request
from tests.networks.suite import drafted, picture

JUNK: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1e300,
    "",
    "\ud800",
    "a\nb",
    "javascript:alert(1)",
    "http://[",
    [],
    [[]],
    [1],
    {},
]
ROUNDS = 15


class Junk:
    """Takes the place of a server's `answer`: one leaf of one answer is replaced."""

    def __init__(self, answer: Callable[[Request], Answer], chance: random.Random) -> None:
        self.answer = answer
        self.chance = chance
        self.wait = chance.randrange(4)

    def __call__(self, request: Request) -> Answer:
        try:
            given = self.answer(request)
        except Refusal as refusal:
            given = refusal.answer
        self.wait -= 1
        if self.wait >= 0 or not isinstance(given.content, (dict, list)):
            return given
        content = copy.deepcopy(given.content)
        place, step = self.chance.choice(list(_places(content)) or [([None], 0)])
        place[step] = self.chance.choice(JUNK)
        return Answer(given.status, content, given.headers)


def _places(content: Any) -> Any:
    """Every place in a JSON value, as the container and the step into it."""
    for step in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, step
        if isinstance(content[step], (dict, list)):
            yield from _places(content[step])


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
