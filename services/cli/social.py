"""`masthead accounts` and `masthead posts`: the social service's own program, which alone writes what they change."""

from __future__ import annotations

import os
import sys

import click

from services.cli.settings import needs

# Everything behind the command's name is the program's business, --help too.
_AS_IT_IS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command("accounts", context_settings=_AS_IT_IS, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def accounts_command(arguments: tuple[str, ...]) -> None:
    """Accounts on social networks: connect, test, change, hold, remove; what they brought."""
    _hand_over("accounts", arguments)


@click.command("posts", context_settings=_AS_IT_IS, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def posts_command(arguments: tuple[str, ...]) -> None:
    """Posts on social networks: what became of each, and why; retry, confirm, cancel, share again."""
    _hand_over("posts", arguments)


def _hand_over(command: str, arguments: tuple[str, ...]) -> None:
    """The program takes the place of this process: it has its terminal, and its exit code is ours."""
    program = ("-m", "services.social.office", command)
    needs(
        "services.social", f"Only the social service knows accounts: run `python {' '.join(program)}` in its container."
    )
    os.execv(sys.executable, [sys.executable, *program, *arguments])  # noqa: S606 - our own program
