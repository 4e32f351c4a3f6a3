"""Accounts and posts from the command line. `masthead accounts` and `masthead posts` start this program."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from services.social.office.account_commands import accounts_group
from services.social.office.post_commands import posts_group
from services.social.outcomes import AccountBroken, Cannot, RefusedByNetwork
from shared.errors import Fault, MastheadError, Refused


class Told(click.ClickException):
    """What was refused, in lines for people."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"masthead: {self.message}", file=file, err=file is None)


class Away(Told):
    """A part that is needed is away."""

    exit_code = 3


class Office(click.Group):
    """What Masthead raises on purpose becomes lines and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as refused:
            raise Told("\n".join([refused.detail, *map(_line, refused.faults)])) from None
        except AccountBroken as error:
            raise Told(f"The account cannot be used: {error}") from None
        except (RefusedByNetwork, Cannot) as error:
            raise Told(f"The network refuses: {error}") from None
        except MastheadError as error:
            raise Away(str(error)) from None
        except SQLAlchemyError as error:
            raise Away(f"the record does not answer: {str(error).splitlines()[0]}") from None


@click.group(cls=Office, context_settings={"help_option_names": ["-h", "--help"]})
def office() -> None:
    """Accounts on social networks, and what is posted there."""


office.add_command(accounts_group)
office.add_command(posts_group)


def _line(fault: Fault) -> str:
    """The field as people write it, what is wrong, what was found, what is accepted."""
    field = fault.pointer.strip("/").removeprefix("settings/").replace("/", ".")
    found = "" if fault.found is None else f"; found: {json.dumps(fault.found, ensure_ascii=False, default=str)}"
    accepted = f"; accepted: {fault.accepted}" if fault.accepted and fault.accepted != fault.detail else ""
    return f"  {field}: {fault.detail.rstrip('.')}{found}{accepted}"


def main() -> None:
    office(prog_name="masthead")


if __name__ == "__main__":
    main()
