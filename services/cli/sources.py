"""What `masthead import` was pointed at: files, folders, web addresses or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from shared.errors import AddressRefused, OutboundError
from shared.http import Door

# In a folder, other files lie beside articles (pictures, notes); a file that is named is always read.
SUFFIXES = (".json", ".ndjson", ".jsonl", ".xml", ".rss", ".atom", ".rdf", ".wxr")
MOST_BYTES = 100_000_000
DEADLINE = 120.0
STDIN = "-"


@dataclass(frozen=True)
class Source:
    """One file to import. With `problem` it could not be read; `is_article_file` is False for a folder's others."""

    name: str
    content: bytes = b""
    problem: str = ""
    detail: str = ""
    is_article_file: bool = True


def is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def origin(url: str) -> tuple[str, int]:
    """Host and port of an address that a person typed. Raises UsageError when it has none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise click.UsageError(f"{url} is no web address: {error}.") from error


def open_sources(names: Iterable[str], door: Door) -> Iterator[Source]:
    """Every source in the order given, read one at a time; files of a folder by name."""
    for name in names:
        if name == STDIN:
            yield Source("standard input", sys.stdin.buffer.read())
        elif is_address(name):
            yield _fetched(name, door)
        elif Path(name).is_dir():
            yield from _folder(Path(name))
        else:
            yield _file(Path(name))


def _folder(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.suffix.lower() in SUFFIXES:
            yield _file(path)
        else:
            yield Source(str(path), is_article_file=False)


def _file(path: Path) -> Source:
    try:
        return Source(str(path), path.read_bytes())
    except OSError as error:
        return Source(str(path), problem="cannot be read", detail=error.strerror or str(error))


def _fetched(url: str, door: Door) -> Source:
    try:
        answer = door.get(url, max_bytes=MOST_BYTES, deadline=DEADLINE)
    except AddressRefused as error:
        return Source(url, problem="could not be fetched", detail=f"{error} --allow-private lifts this.")
    except OutboundError as error:
        return Source(url, problem="could not be fetched", detail=str(error))
    if answer.status != 200:
        return Source(url, problem="could not be fetched", detail=f"the server answered {answer.status}")
    return Source(url, answer.body)
