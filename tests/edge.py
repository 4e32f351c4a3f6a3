"""A real nginx with the edge's own configuration, as whoever runs the tests: no root, no fixed port."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from shared.settings import ROOT
from tests.system import free_port, wait_for

TEMPLATE = ROOT / "edge" / "nginx.conf.template"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def need_nginx() -> None:
    """Skips, and says so; MASTHEAD_REQUIRE_NGINX=1 makes it a failure."""
    if NGINX is None:
        missing = "nginx is not installed: the edge is not tried"
        if os.environ.get("MASTHEAD_REQUIRE_NGINX"):
            pytest.fail(missing)
        pytest.skip(missing)


def configuration(**settings: object) -> str:
    """The template with its settings filled in, as envsubst does it. Raises KeyError for one that is missing."""
    return re.sub(r"\$\{MASTHEAD_(\w+)\}", lambda found: str(settings[found[1]]), TEMPLATE.read_text())


@contextmanager
def nginx(folder: Path, http: str, port: int) -> Iterator[str]:
    """Runs nginx with one worker and these lines in its `http` block; gives its address."""
    assert NGINX is not None
    folder.mkdir(exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; pcre_jit on; daemon off;\n"
        f"pid {folder}/nginx.pid; error_log {folder}/error.log warn;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off;\n{temporary}{http}\n}}\n"
    )
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _listens(process, url, folder), seconds=10, what="nginx")
        yield url
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def edge(folder: Path, documents: Path, *, feed: int, push: int, base_url: str) -> Iterator[str]:
    """The edge before a feed service and a push service on these ports."""
    port = free_port()
    settings = {
        "EDGE_LISTEN": f"127.0.0.1:{port}",
        "EDGE_FOLDER": documents,
        "EDGE_FEED": f"127.0.0.1:{feed}",
        "EDGE_PUSH": f"127.0.0.1:{push}",
        "BASE_URL": base_url,
        "PUSH_URL": base_url,
    }
    with nginx(folder, configuration(**settings), port) as url:
        yield url


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _listens(process: subprocess.Popen[bytes], url: str, folder: Path) -> bool:
    assert process.poll() is None, (folder / "error.log").read_text()
    try:
        return bool(requests.get(f"{url}/-/nothing", timeout=5).status_code)
    except requests.RequestException:
        return False
