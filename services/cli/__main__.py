"""The `masthead` command."""

from __future__ import annotations

import sys
from importlib import import_module

import click
from sqlalchemy.exc import SQLAlchemyError

from shared import __version__
from shared.errors import MastheadError

# Where each command is found: only the one that is called is imported.
COMMANDS = {
    "accounts": "services.cli.social:accounts_command",
    "dead": "services.cli.dead:dead_group",
    "doctor": "services.cli.doctor:doctor_command",
    "down": "services.cli.up:down_command",
    "import": "services.cli.importing:import_command",
    "keys": "services.cli.keys:keys_group",
    "migrate": "services.cli.migrating:migrate_command",
    "posts": "services.cli.social:posts_command",
    "share": "services.cli.sharing:share_command",
    "stats": "services.cli.statistics:stats_command",
    "submit": "services.cli.submitting:submit_command",
    "up": "services.cli.up:up_command",
    "verify": "services.cli.verify:verify_command",
}


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, name = COMMANDS.get(cmd_name, "").partition(":")
        command: click.Command | None = getattr(import_module(module), name) if module else None
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def masthead() -> None:
    """Event-driven publishing for newsrooms.

    Settings are read from MASTHEAD_* variables; docs/operate.md lists them.
    Exit codes: 0 done, 1 something was found or refused, 2 wrong usage, 3 a part that is needed is away.
    """


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
