"""`masthead import`: articles from files, folders and web addresses, through the batch endpoint."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from services.cli import readers
from services.cli.dry_run import DryRun
from services.cli.ingest_api import IngestApi
from services.cli.journal import Journal
from services.cli.progress import Bar, probable_count
from services.cli.readers.items import Context, Found, Item, context_of, own_id
from services.cli.report import Refused, Report
from services.cli.sending import Sender
from services.cli.settings import CliSettings
from services.cli.sources import STDIN, Source, is_address, open_sources, origin
from shared.errors import MastheadError
from shared.http import Door
from shared.publication import load_publication

BATCH = 200
INTERRUPTED = 130


@click.command("import")
@click.argument("names", metavar="FILE|URL|FOLDER...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Read and check everything, send nothing.")
@click.option("--key", default="", help="API key; default: MASTHEAD_KEY, else the demo key in MASTHEAD_VAR.")
@click.option("--api", default="", help="Address of the API; default: MASTHEAD_API, else the one of `masthead up`.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--batch", default=BATCH, type=click.IntRange(1, 5000), show_default=True, help="Articles in one request."
)
@click.option("--publisher-prefix", default="", metavar="TEXT", help="Put before every external_id.")
@click.option("--restart", is_flag=True, help="Begin anew an import that was broken off.")
@click.option("--allow-private", is_flag=True, help="Fetch the given URLs from private addresses too.")
def import_command(
    names: tuple[str, ...],
    dry_run: bool,
    key: str,
    api: str,
    as_json: bool,
    batch: int,
    publisher_prefix: str,
    restart: bool,
    allow_private: bool,
) -> None:
    """Import articles: NDJSON, JSON Feed, RSS, Atom, WordPress WXR, ninjs; `-` reads standard input.

    An import may be repeated: articles that are there already are not made twice. One that was broken off goes on
    where it was when the same command is given again. docs/import.md says how each format is read.

    \b
    Exit codes: 0 everything is in, 1 something was refused, 2 wrong usage,
                3 the API was not reached or does not take the key, 130 interrupted.
    """
    check_names(names)
    settings = at(CliSettings(), api, key)
    report = Report(settings.api_url, dry_run)
    private = [origin(name) for name in names if is_address(name)] if allow_private else []
    door = Door(allow=[origin(settings.api_url), *private])
    target = DryRun(settings.api_url) if dry_run else IngestApi(door, settings.api_url, find_key(settings))
    context = context_of(load_publication(settings.publication_file), settings.make_clock().now())
    journals = None if dry_run else Journals(settings, publisher_prefix, restart=restart)
    with Bar() as bar:
        sender = Sender(target, report, size=batch, tick=bar.tick, pause=time.sleep)
        code, failure = _run(
            open_sources(names, door), Import(sender, report, context, bar, publisher_prefix, journals)
        )
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())
    if failure:
        click.echo(failure, err=True)
    sys.exit(code)


def _run(sources: Iterable[Source], the_import: Import) -> tuple[int, str]:
    """Exit code, and what stopped the import."""
    try:
        for source in sources:
            the_import.take(source)
    except MastheadError as error:
        return 3, f"masthead: {error}\nWhat was answered is kept: the same command goes on from here."
    except KeyboardInterrupt:
        return INTERRUPTED, "Interrupted. What was answered is kept: the same command goes on from here."
    return (1 if the_import.report.refused else 0), ""


@dataclass(frozen=True)
class Journals:
    """Where broken imports are remembered: one journal for each content, API, key and prefix."""

    settings: CliSettings
    prefix: str
    restart: bool

    def open(self, source: Source) -> Journal:
        target = "\n".join((self.settings.api_url, find_key(self.settings), self.prefix))
        journal = Journal(self.settings.var / "imports", source.content, target)
        if self.restart:
            journal.forget()
        return journal


@dataclass(frozen=True)
class Import:
    """One run over any number of sources."""

    sender: Sender
    report: Report
    context: Context
    bar: Bar
    prefix: str
    journals: Journals | None

    def take(self, source: Source) -> None:
        if not source.is_article_file:
            self.report.left_out["has none of the file names that are read", source.name] += 1
            return
        if source.problem:
            self.report.refused.append(Refused(source.name, "file", source.problem, source.detail))
            return
        reader = readers.sniff(source.name, source.content)
        self.report.sources[source.name] = reader.format
        self.bar.expect(source.name, probable_count(reader.format, source.content))
        journal = self.journals.open(source) if self.journals else None
        try:
            self.sender.send_all(source.name, self._prefixed(reader.read(source.content, self.context)), journal)
        finally:
            if journal:
                journal.close()
        if journal:
            journal.remove()

    def _prefixed(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            if self.prefix and isinstance(item, Found):
                identity = own_id(self.prefix + item.submission["external_id"])
                yield replace(item, submission=item.submission | {"external_id": identity})
            else:
                yield item


def check_names(names: Iterable[str]) -> None:
    """Refuses to begin when one of the names leads nowhere."""
    for name in names:
        if name != STDIN and not is_address(name) and not Path(name).exists():
            raise click.UsageError(f"There is no file or folder {name}.")


def at(settings: CliSettings, api: str, key: str) -> CliSettings:
    """The settings with what the command line says of the API."""
    if api and not is_address(api):
        raise click.UsageError(f"--api is no http or https address: {api}")
    return settings.model_copy(update={"api": api or settings.api, "key": key or settings.key})


def find_key(settings: CliSettings) -> str:
    """The API key that was given, else the demo publisher's."""
    file = settings.var / "demo-key"
    if not settings.key and not file.exists():
        raise click.UsageError("No API key: give --key or MASTHEAD_KEY; `masthead keys create` makes one.")
    return settings.key or file.read_text().strip()
