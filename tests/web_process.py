"""A web service as a process of its own, behind its real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.system import free_port, wait_for


@contextmanager
def web_process(service: str, database_url: str, redis_url: str, var: Path, **settings: object) -> Iterator[str]:
    """`python -m services.<service>.app` on a migrated record; yields its URL. `settings` by names without MASTHEAD_.

    Ends with SIGTERM, and must have ended in time.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    fixed = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "VAR": str(var)}
    fixed[f"{service.upper()}_PORT"] = str(port)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASTHEAD_")}
    environment |= {f"MASTHEAD_{name}": str(value) for name, value in (fixed | settings).items()}
    log = var / f"{service}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{service}.app"], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: _is_ready(process, url, log), seconds=60, what=f"{service}, see {log}")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False
