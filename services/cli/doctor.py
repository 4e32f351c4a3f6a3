"""`masthead doctor`: looks at every part and says what to do."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click
import redis
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from services.cli.settings import CliSettings, is_installed, own_door
from shared.bus import connect
from shared.db import Database, db_now
from shared.errors import ConfigurationError, OutboundError
from shared.health import ask_worker
from shared.models import OutboxRow, SocialAccount, SocialPost
from shared.publication import load_publication

# Posts that are named in one finding.
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    part: str
    ok: bool
    found: str
    remedy: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def doctor_command(as_json: bool) -> None:
    """Check every part and say what to do. Exit code 1 when something is wrong."""
    findings = list(examine(CliSettings()))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    for finding in [] if as_json else findings:
        click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part:<14} {finding.found}")
        if not finding.ok:
            click.echo(f"      {'':<14} → {finding.remedy}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


def examine(settings: CliSettings) -> Iterator[Finding]:
    """A finding for each part; a part that is away does not keep the others from being looked at."""
    yield Finding("python", True, f"{sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")
    yield _look("publication", lambda: _publication(settings), "mend the file, or remove it to start from the demo's")
    yield _look("record", lambda: _record(settings), "start with `make up`, or run `masthead migrate`")
    yield _look("redis", lambda: _redis(settings), "start with `make up`, or mend MASTHEAD_REDIS_URL")
    for name, url in (("ingest", settings.api_url), ("feed", settings.own_feed_url), ("push", settings.push_url)):
        yield _look(name, lambda url=url: _web(settings, url), "start with `make up`; its lines say why it stopped")  # type: ignore[misc]
    yield from _workers(settings)
    yield _look("dead letters", lambda: _dead(settings), "see `masthead dead list`, then `masthead dead replay`")
    yield _look("accounts", lambda: _accounts(settings), "mend it, then `masthead accounts test` and its name")
    yield _look("posts", lambda: _posts(settings), "look at the account, then `masthead posts confirm` or `retry`")
    if is_installed("services.social"):  # the containers of other services do not see the keys
        yield _look("account keys", lambda: _keys(settings), "put your copy back before the next start")


def _look(part: str, check: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(part, True, check())
    except (ConfigurationError, OutboundError, SQLAlchemyError, redis.RedisError, OSError, ValueError) as error:
        return Finding(part, False, str(error).splitlines()[0], remedy)


def _publication(settings: CliSettings) -> str:
    publication = load_publication(settings.publication_file)
    return f"{publication.name}, {publication.zone}, {publication.base_url}"


def _record(settings: CliSettings) -> str:
    db = Database(settings.sql_url)
    with db.read() as session:
        under_way = session.scalar(select(func.count()).where(OutboxRow.due_at <= db_now()))
    return f"{'SQLite' if db.is_sqlite else 'PostgreSQL'}, {under_way} pieces of work due"


def _redis(settings: CliSettings) -> str:
    server = connect(settings, patience=1.0).info("server")
    return f"{server.get('server_name', 'redis')} {server.get('valkey_version', server.get('redis_version'))}"


def _web(settings: CliSettings, url: str) -> str:
    answer = own_door(settings).get(f"{url}/readyz", max_bytes=10_000, deadline=3.0)
    if answer.status != 200:
        raise OutboundError(f"{url}/readyz answers {answer.status}: {answer.body[:200].decode(errors='replace')}")
    return url


def _workers(settings: CliSettings) -> Iterator[Finding]:
    for part in ("relay", "enrich worker", "count worker", "feed worker", "push worker", "social worker"):
        wrong = ask_worker(settings, part.partition(" ")[0])
        yield Finding(part, not wrong, wrong or "at work", "start with `make up`; it restarts workers that fall silent")


def _dead(settings: CliSettings) -> str:
    with Database(settings.sql_url).read() as session:
        count = session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.state == "dead"))
    if count:
        raise ValueError(f"{count} pieces of work failed for good")
    return "none"


def _accounts(settings: CliSettings) -> str:
    with Database(settings.sql_url).read() as session:
        known = select(SocialAccount.name, SocialAccount.state, SocialAccount.reason).order_by(SocialAccount.name)
        accounts = session.execute(known.where(SocialAccount.state != "removed")).all()
    broken = [f"{name} is broken: {reason}" for name, state, reason in accounts if state == "broken"]
    if broken:
        raise ValueError("; ".join(broken))
    states = Counter(state for _, state, _ in accounts)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"


def _posts(settings: CliSettings) -> str:
    """Posts of which nobody can find out whether they were sent, but a person."""
    with Database(settings.sql_url).read() as session:
        unclear = session.execute(
            select(SocialPost.id, SocialAccount.name)
            .join(SocialAccount, SocialAccount.id == SocialPost.account_id)
            .where(SocialPost.state == "unconfirmed", SocialPost.due_at.is_(None), SocialPost.digest_id.is_(None))
            .order_by(SocialPost.id)
        ).all()
    if unclear:
        named = ", ".join(f"{number} on {name}" for number, name in unclear[:SHOWN])
        more = f" and {len(unclear) - SHOWN} more" if len(unclear) > SHOWN else ""
        raise ValueError(f"unconfirmed, they may have been sent or not: {named}{more}")
    return "none waits for a person"


def _keys(settings: CliSettings) -> str:
    """Where the keys of accounts' secrets are."""
    if settings.social_keys.get_secret_value():
        return "in MASTHEAD_SOCIAL_KEYS"
    file = settings.keys_file
    with Database(settings.sql_url).read() as session:
        sealed = session.scalar(select(SocialAccount.id).where(SocialAccount.secrets != "").limit(1))
    if sealed and not file.exists():
        raise ValueError(f"{file} is missing, and only its keys open the accounts' secrets")
    return f"in {file}; keep a copy elsewhere" if file.exists() else "none needed yet"
