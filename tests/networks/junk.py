"""Answers in which one thing is not what was promised."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from tests.networks.server import Answer, Refusal, Request

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
