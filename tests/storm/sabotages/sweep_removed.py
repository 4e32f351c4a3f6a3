"""Relay works only when it is nudged, and never looks for what was given out and did not come back."""

import redis

from services.relay import relay
from shared import offers

_nudged = True
_hand_on = relay.Relay.hand_on
_offer = offers.offer


def _nudge_only(client, key, interval):
    def wait():
        global _nudged
        try:
            _nudged = client.blpop([key], timeout=interval) is not None
        except redis.RedisError:
            _nudged = False

    return wait


offers.offer = lambda session, *, overdue: _offer(session, overdue=False)
relay.nudge_or_interval = _nudge_only
relay.Relay.hand_on = lambda self: _hand_on(self) if _nudged else 0
