"""The `masthead` command."""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from services.cli.dead import dead_group
from services.cli.doctor import doctor_command
from services.cli.importing import import_command
from services.cli.keys import keys_group
from services.cli.migrating import migrate_command
from services.cli.statistics import stats_command
from services.cli.submitting import submit_command
from services.cli.up import down_command, up_command
from services.cli.verify import verify_command
from shared import __version__
from shared.errors import MastheadError

COMMANDS = (
    up_command,
    down_command,
    submit_command,
    import_command,
    keys_group,
    stats_command,
    verify_command,
    dead_group,
    doctor_command,
    migrate_command,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def masthead() -> None:
    """Event-driven publishing for newsrooms.

    Settings are read from MASTHEAD_* variables; docs/operate.md lists them.
    Exit codes: 0 done, 1 something was found or refused, 2 wrong usage, 3 a part that is needed is away.
    """


for command in COMMANDS:
    masthead.add_command(command)


def main() -> None:
    """Runs the command; what Masthead raises on purpose becomes one line and an exit code."""
    try:
        masthead()
    except MastheadError as error:
        click.echo(f"masthead: {error}", err=True)
        sys.exit(3)
    except SQLAlchemyError as error:
        click.echo(f"masthead: the record does not answer: {str(error).splitlines()[0]}", err=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
