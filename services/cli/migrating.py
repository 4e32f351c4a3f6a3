"""`masthead migrate`: the migration job."""

from __future__ import annotations

import click

from services.cli.settings import CliSettings
from shared.db import Database
from shared.migrate import migrate


@click.command("migrate")
def migrate_command() -> None:
    """Bring the record to the newest schema. Safe to run again, and from several machines at once."""
    db = Database(CliSettings().sql_url)
    migrate(db)
    click.echo("The record is at the newest schema.")
