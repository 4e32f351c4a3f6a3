"""A stand-in for the API that stores nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.cli.ingest_api import Result

CONFLICT = {"errors": [{"pointer": "/external_id", "detail": "stands for an article with another content"}]}


class DryRun:
    """Answers as the API would to a publisher who has sent nothing yet."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._contents: dict[str, bytes] = {}

    def batch(self, submissions: Sequence[dict[str, Any]]) -> Iterator[Result]:
        for index, each in enumerate(submissions):
            content = hashlib.sha256(json.dumps(each, sort_keys=True).encode()).digest()
            if each["external_id"] not in self._contents:
                self._contents[each["external_id"]] = content
                yield Result(index, 202)
            elif self._contents[each["external_id"]] == content:
                yield Result(index, 200)
            else:
                yield Result(index, 422, problem=CONFLICT)
