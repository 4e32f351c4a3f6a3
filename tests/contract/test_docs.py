"""What the documentation names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.settings import SETTINGS

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
_PATH = re.compile(r"`((?:services|shared|tests|bench|requirements|docs)/[\w./-]+)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_TARGET = re.compile(r"`?make ([a-z]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_path_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [name for name in _PATH.findall(text) if not (ROOT / name).exists()]
    missing += [link for link in _LINK.findall(text) if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_make_target_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for target in _TARGET.findall(document.read_text(encoding="utf-8")) if len(target) > 1}
    commands = {target for target in named if f"`make {target}" in document.read_text(encoding="utf-8")}
    assert commands <= targets


def test_every_service_is_on_the_journey() -> None:
    text = (ROOT / "docs/journey.md").read_text(encoding="utf-8")
    services = {folder.name for folder in (ROOT / "services").iterdir() if (folder / "__init__.py").exists()}
    assert {name for name in services if f"services/{name}/" in text} == services


@pytest.mark.parametrize("settings", [Settings, *SETTINGS.values()])
def test_every_setting_is_described(settings: type[Settings]) -> None:
    text = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `MASTHEAD_(\w+)` \| [^|]+ \| (.+) \|$", text, re.MULTILINE))
    for name, field in settings.model_fields.items():
        assert rows.get(name.upper()) == field.description
