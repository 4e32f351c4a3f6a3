"""What a stand-in does with its faults, in front of a real server that gives all the answers."""

from __future__ import annotations

from typing import Any

from tests.networks.server import Answer, Request
from tests.networks_real.running import call

_PASSED_ON = ("Authorization", "Content-Type")
_OF_A_CONNECTION = {"connection", "content-length", "transfer-encoding", "keep-alive"}


class Front:
    """Mixed into the stand-in of a network: `posts` are then those that the real server has."""

    def __init__(self, real: int) -> None:
        self.real = real
        super().__init__()

    @property
    def posts(self) -> list[dict[str, Any]]:
        return self.stored()

    @posts.setter
    def posts(self, _: object) -> None:
        """What a real server has is not ours to set."""

    def stored(self) -> list[dict[str, Any]]:
        """The posts in the order in which they were made."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        status, content, given = call(self.real, request.method, request.target, body=request.body, headers=headers)
        kept = {name: value for name, value in given.items() if name.lower() not in _OF_A_CONNECTION}
        return Answer(status, content, kept)
