"""`masthead keys`: who may submit."""

from __future__ import annotations

import json
from datetime import datetime

import click
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.cli.settings import CliSettings
from shared.db import Database
from shared.errors import NotFound
from shared.keys import Key, new_key
from shared.models import ApiKey, Publisher
from shared.text import slugify


def create_key(session: Session, publisher_name: str, label: str, now: datetime) -> Key:
    """A new key for a publisher, who is made when there is none of this name."""
    slug = slugify(publisher_name)
    publisher = session.scalar(select(Publisher).where(Publisher.slug == slug))
    if publisher is None:
        publisher = Publisher(slug=slug, name=publisher_name, created_at=now)
        session.add(publisher)
        session.flush()
    key = new_key()
    session.add(
        ApiKey(prefix=key.prefix, publisher_id=publisher.id, secret_hash=key.secret_hash, label=label, created_at=now)
    )
    return key


def revoke_key(session: Session, prefix: str, now: datetime) -> None:
    """Ends a key at once. Raises NotFound when there is no such key in force."""
    revoked = update(ApiKey).where(ApiKey.prefix == prefix, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    if session.execute(revoked.returning(ApiKey.prefix)).first() is None:
        raise NotFound(f"No key in force begins with mh_{prefix}.")


@click.group("keys")
def keys_group() -> None:
    """API keys of publishers. Only a hash is stored: a key is shown once, when it is made."""


@keys_group.command("create")
@click.argument("publisher")
@click.option("--label", default="", help="What the key is for, for your own overview.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def create(publisher: str, label: str, as_json: bool) -> None:
    """Make a key for PUBLISHER, who is made too when new."""
    settings = CliSettings()
    with Database(settings.sql_url).write() as session:
        key = create_key(session, publisher, label, settings.make_clock().now())
    _show(key, as_json)


@keys_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def list_keys(as_json: bool) -> None:
    """List all keys by their prefix."""
    with Database(CliSettings().sql_url).read() as session:
        rows = session.execute(
            select(ApiKey.prefix, Publisher.name, ApiKey.label, ApiKey.created_at, ApiKey.revoked_at)
            .join(Publisher)
            .order_by(Publisher.name, ApiKey.created_at)
        ).all()
    if as_json:
        names = ("prefix", "publisher", "label", "created_at", "revoked_at")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str, ensure_ascii=False))
        return
    for prefix, name, label, created_at, revoked_at in rows:
        state = f"revoked {revoked_at:%Y-%m-%d %H:%M}" if revoked_at else "in force"
        click.echo(f"mh_{prefix}_…  {name}  {label or '-'}  made {created_at:%Y-%m-%d %H:%M}  {state}")
    if not rows:
        click.echo("There are no keys yet. Make one: masthead keys create <publisher>")


@keys_group.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """End the key with this PREFIX (mh_PREFIX_…) at once."""
    settings = CliSettings()
    with Database(settings.sql_url).write() as session:
        revoke_key(session, _bare(prefix), settings.make_clock().now())
    click.echo("Revoked.")


@keys_group.command("rotate")
@click.argument("prefix")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def rotate(prefix: str, as_json: bool) -> None:
    """Make a new key in place of the one with this PREFIX, which ends at once.

    To let both work for a while, make a second key with `create` and revoke the old one later.
    """
    settings = CliSettings()
    now = settings.make_clock().now()
    with Database(settings.sql_url).write() as session:
        found = session.execute(
            select(Publisher.name, ApiKey.label).join(ApiKey).where(ApiKey.prefix == _bare(prefix))
        ).first()
        revoke_key(session, _bare(prefix), now)
        assert found is not None
        key = create_key(session, found.name, found.label, now)
    _show(key, as_json)


def _bare(prefix: str) -> str:
    return prefix.removeprefix("mh_").partition("_")[0]


def _show(key: Key, as_json: bool) -> None:
    click.echo(json.dumps({"key": str(key), "prefix": key.prefix}) if as_json else str(key))
