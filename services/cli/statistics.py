"""`masthead stats`: what was published, as a table and a small chart."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.settings import CliSettings
from shared import bus
from shared.db import Database
from shared.publication import load_publication
from shared.slices import PLACES
from shared.stats import Sources, stats

BAR = 40  # columns of the longest bar


@click.command("stats")
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 366), help="Days in the chart.")
@click.option("--top", default=5, show_default=True, type=click.IntRange(1, 1000), help="Rows for each kind of slice.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def stats_command(days: int, top: int, as_json: bool) -> None:
    """Show how many articles are published: in all, per day, by section, tag, publisher, byline and language.

    And what is read and shared, about how many subscribe to the feeds, and what comes of posts on social networks.
    """
    settings = CliSettings()
    db, client = Database(settings.sql_url), bus.connect(settings, patience=1.0)
    publication = load_publication(settings.publication_file)
    found = stats(Sources.of(db, client, publication, settings.make_clock()), days=days, top=top)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    console = Console()
    console.print(f"[bold]{publication.name}[/bold]: {found['total']:,} articles")
    console.print(_chart(found["days"]))
    for place in PLACES.values():
        if found[place]:
            console.print(_table(place, "articles", [(row["slug"], row["articles"]) for row in found[place]]))
    _print_audience(console, found)
    if found["accounts"]:
        console.print(_accounts(found["accounts"]))


def _print_audience(console: Console, found: dict[str, Any]) -> None:
    read = found["reads"]
    if read["total"]:
        days = "\n".join(f" {day['day']} {day['reads']:>7,} reads {day['readers']:>7,} readers" for day in read["days"])
        console.print(f"[bold]Reads[/bold]: {read['total']:,}\n{days}")
    tables = (
        ("most read", "reads", [(row["headline"], row["reads"]) for row in read["articles"]]),
        ("most shared", "shares", [(row["headline"], row["shares"]) for row in found["shared"]]),
        ("subscribers", "about", [(row["feed"], row["subscribers"]) for row in found["subscribers"]]),
        ("shares", "clicks", [(row["network"], row["clicks"]) for row in found["shares"]]),
        ("readers by account", "clicks", [(row["account"], row["clicks"]) for row in found["clicks"]]),
    )
    for title, counted, rows in tables:
        if rows:
            console.print(_table(title, counted, rows))


def _accounts(rows: list[dict[str, Any]]) -> Table:
    table = _table("social accounts", "posts", [])
    reactions = ("likes", "reposts", "replies")
    for name in reactions:
        table.add_column(name, justify="right")
    for row in rows:
        told = ("" if row[name] is None else f"{row[name]:,}" for name in reactions)
        table.add_row(row["account"], f"{row['posts']:,}", *told)
    return table


def _chart(days: list[dict[str, Any]]) -> Table:
    most = max((day["articles"] for day in days), default=0) or 1
    chart = Table(box=None, show_header=False, padding=(0, 1))
    for day in days:
        bar = "█" * round(BAR * day["articles"] / most) or ("▏" if day["articles"] else "")
        chart.add_row(day["day"], f"{day['articles']:>7,}", f"[cyan]{bar}[/cyan]")
    return chart


def _table(title: str, counted: str, rows: list[tuple[str, int]]) -> Table:
    table = Table(box=None, padding=(0, 1), title=title.capitalize(), title_justify="left", title_style="bold")
    table.add_column("", justify="left")
    table.add_column(counted, justify="right")
    for name, count in rows:
        table.add_row(escape(name), f"{count:,}")
    return table
