"""`masthead dead`: work that failed for good, why, and a way to try again."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.cli.settings import CliSettings
from shared import outbox
from shared.db import Database
from shared.errors import NotFound
from shared.models import Article, Event, OutboxRow


def dead_letters(session: Session, row_id: int | None = None) -> list[dict[str, Any]]:
    """All dead letters, or the one with this number, oldest first."""
    query = (
        select(OutboxRow.id, OutboxRow.listener, OutboxRow.attempt, OutboxRow.reason, Event.name, Event.at, Article.id)
        .join(Event, Event.id == OutboxRow.event_id)
        .outerjoin(Article, Article.seq == Event.article_seq)
        .where(text("outbox.state = 'dead'"))  # as it stands in the partial index
        .order_by(OutboxRow.id)
    )
    if row_id is not None:
        query = query.where(OutboxRow.id == row_id)
    names = ("number", "task", "attempts", "reason", "event", "at", "article")
    return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


@click.group("dead")
def dead_group() -> None:
    """Dead letters: work that failed five times. Nothing of it is lost; replay it once the cause is mended."""


@dead_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def list_dead(as_json: bool) -> None:
    """List dead letters. Exit code 1 when there are any."""
    with Database(CliSettings().sql_url).read() as session:
        letters = dead_letters(session)
    if as_json:
        click.echo(json.dumps(letters, default=str, ensure_ascii=False))
    for letter in [] if as_json else letters:
        click.echo(f"{letter['number']:>8}  {letter['task']:<20} article {letter['article']}  {letter['reason']}")
    if not letters and not as_json:
        click.echo("There are no dead letters.")
    raise SystemExit(1 if letters else 0)


@dead_group.command("show")
@click.argument("number", type=int)
def show(number: int) -> None:
    """Show one dead letter as JSON."""
    with Database(CliSettings().sql_url).read() as session:
        letters = dead_letters(session, number)
    if not letters:
        raise NotFound(f"No dead letter has the number {number}.")
    click.echo(json.dumps(letters[0], default=str, ensure_ascii=False, indent=2))


@dead_group.command("replay")
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Replay every dead letter.")
def replay(numbers: tuple[int, ...], everything: bool) -> None:
    """Give dead letters five new attempts."""
    if bool(numbers) == everything:
        raise click.UsageError("Name the numbers to replay, or say --all.")
    with Database(CliSettings().sql_url).write() as session:
        chosen = numbers or tuple(letter["number"] for letter in dead_letters(session))
        for number in chosen:
            outbox.replay(session, number)
    click.echo(f"Replayed: {len(chosen)}")
