"""Many posts over a line that loses answers at random: none doubled, none lost, and what is unsure is known to be."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from services.social.draft import Posted
from services.social.network import Network
from services.social.outcomes import NotSent, TokenExpired, Unknown
from tests.networks.server import Fault, NetworkServer
from tests.networks.suite import drafted

FAULTS = [fault for fault in Fault if fault not in (Fault.HANG, Fault.DRIP, Fault.UNAUTHORISED)]
POSTS = 8


def post(server: NetworkServer, network: Network, number: int, chance: random.Random) -> Posted | None:
    """What the sender does: repeats what is safe, looks up what is unsure, and leaves the rest unconfirmed."""
    account, door = server.account(), server.door()
    draft = drafted(server, f"Story {number} & more", key=f"story-{number}", link="")
    begun = datetime.now(UTC)
    for _ in range(40):
        server.fault = chance.choice([*FAULTS, None])
        try:
            draft = network.prepare(draft, account, door)
            return network.publish(draft, account, door)
        except (NotSent, TokenExpired):
            continue
        except Unknown:
            if network.can.repeats:
                continue
            if not network.can.find:
                return None
            if found := network.find(draft, account, door, begun):
                return found
    raise AssertionError("the post was never made")


def test_lost_answers_double_nothing_and_lose_nothing(server: NetworkServer, network: Network) -> None:
    chance = random.Random(network.name)
    made = [post(server, network, number, chance) for number in range(POSTS)]
    texts = server.texts()
    assert len(texts) == len(set(texts)), "a post was doubled"
    if network.can.repeats or network.can.find:
        assert sorted(texts) == [f"Story {number} & more" for number in range(POSTS)]
        assert len({posted.id for posted in made if posted}) == POSTS
    else:
        sure = {f"Story {number} & more" for number, posted in enumerate(made) if posted}
        assert sure <= set(texts), "what was called sent was not"
