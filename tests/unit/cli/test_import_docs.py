"""docs/import.md names every option and exit code there is."""

from __future__ import annotations

import re
from pathlib import Path

import click

from services.cli.importing import INTERRUPTED, import_command
from services.cli.sources import SUFFIXES

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "import.md").read_text(encoding="utf-8")


def test_every_option_is_described_and_no_other() -> None:
    table = DOCUMENT.split("| option | meaning |")[1].split("\n\n")[0]
    described = set(re.findall(r"^\| `(--[a-z-]+)`", table, re.MULTILINE))
    assert described == {name for each in import_command.params if isinstance(each, click.Option) for name in each.opts}


def test_every_exit_code_is_described() -> None:
    table = DOCUMENT.split("| exit code | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == ["0", "1", "2", "3", str(INTERRUPTED)]


def test_every_suffix_is_named() -> None:
    assert all(f"`{suffix}`" in DOCUMENT for suffix in SUFFIXES)
