"""What several commands can be told."""

from __future__ import annotations

from pathlib import Path

import click

from services.social.callback import PORT

as_json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
file_option = click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings and rules in TOML."
)
secrets_option = click.option(
    "--secrets-from",
    default="",
    metavar="FILE",
    help="Secrets as lines name=value, - for the standard input; without it they are asked for.",
)
port_option = click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port of this machine to which a browser is led back after a sign-in; 0: any.",
)
