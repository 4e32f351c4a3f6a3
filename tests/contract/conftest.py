"""Fixtures of the contract tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db import Database
from tests.databases import sqlite_record
from tests.paper import Paper
from tests.paper import paper as paper_in


@pytest.fixture
def paper(quick_folder: Path, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paper]:
    """The newspaper and its readers; databases make no difference to what is tested here."""
    url = sqlite_record(quick_folder)
    db = Database(url)
    with paper_in(db, url, valkey_url, tmp_path, monkeypatch) as made:
        yield made
    db.close()
