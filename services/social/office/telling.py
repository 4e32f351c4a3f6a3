"""How the office tells people, and programs, what there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Columns of a table that goes into a file or another program, and those of the longest bar.
WIDE, BAR = 200, 30
LONGEST_HEADLINE = 60  # graphemes, beside other things


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def show_table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """A table; columns named in `numbers` stand to the right. Text is shown as it is, whatever it holds."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=any(titles))
    for title in titles:
        table.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(each if isinstance(each, Text) else Text(str(each)) for each in row))
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    with console.capture() as shown:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in shown.get().splitlines()))


def bar(value: float, most: float) -> Text:
    length = round(BAR * value / most) if most else 0
    return Text("█" * length or ("▏" if value else ""), style="cyan")


def moment(seconds: float | None, zone: ZoneInfo) -> str:
    """An instant as people read it in the publication's zone; nothing when there is none."""
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M:%S}" if seconds is not None else ""


def instant(seconds: float | None, zone: ZoneInfo) -> str | None:
    """An instant as programs read it (RFC 3339)."""
    return datetime.fromtimestamp(seconds, zone).isoformat(timespec="seconds") if seconds is not None else None


def short(instant: str | None) -> str:
    """An instant as programs read it, in a table of people: without its zone."""
    return instant[:19].replace("T", " ") if instant else ""


def number(value: int | None) -> str:
    return f"{value:,}" if value is not None else "–"
