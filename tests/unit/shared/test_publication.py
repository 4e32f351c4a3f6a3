"""publication.toml: what it takes, and one clear sentence for what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.publication import TEMPLATE, load_publication


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTHEAD_BASE_URL", raising=False)
    monkeypatch.setenv("MASTHEAD_FEED_PORT", "8765")


def written(folder: Path, **changes: str) -> Path:
    """The demo publication's file with some lines replaced."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in changes.items():
        lines = text.splitlines()
        text = "\n".join(f"{name} = {value}" if line.startswith(f"{name} =") else line for line in lines)
    file = folder / "publication.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_the_demo_publication_is_used(tmp_path: Path) -> None:
    publication = load_publication(tmp_path / "publication.toml")
    assert publication.zone == "Europe/Istanbul"
    assert publication.language == "en"
    assert publication.base_url == "http://127.0.0.1:8765"
    assert publication.section_label("economy", "tr") == "Ekonomi"
    assert publication.section_label("weather", "en") is None


def test_the_environment_wins_over_the_files_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, base_url='"https://news.example.com"')
    assert load_publication(file).base_url == "https://news.example.com"
    monkeypatch.setenv("MASTHEAD_BASE_URL", "https://www.example.com")
    assert load_publication(file).base_url == "https://www.example.com"


def test_an_address_in_letters_of_any_script_is_written_in_ascii(tmp_path: Path) -> None:
    file = written(tmp_path, base_url='"https://ایران.ir/خبر"')
    assert load_publication(file).base_url == "https://xn--mgba3a4f16a.ir/%D8%AE%D8%A8%D8%B1"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("zone", '"Istanbul"', "no IANA zone"),
        ("languages", "[]", "languages"),
        ("languages", '["klingon!"]', "no language tag"),
        ("base_url", '"news.example.com"', "base_url"),
        ("base_url", '"https://news.example.com/"', "base_url"),
        ("base_url", '"https://editor@news.example.com"', "base_url"),
        ("base_url", '"https://news.example.com:99999"', "base_url"),
        ("hijri_day_offset", "2", "hijri_day_offset"),
        ("calendars", '["julian"]', "calendars"),
        ("days", "0", "days"),
        ("nmae", '"x"', ""),
    ],
)
def test_a_wrong_value_is_named_with_the_file(tmp_path: Path, name: str, value: str, said: str) -> None:
    file = written(tmp_path, **{name: value})
    if not said:  # a misspelt key is one that the file does not have yet
        file.write_text(f"{name} = {value}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
        said = name
    with pytest.raises(ConfigurationError) as caught:
        load_publication(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_toml_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "publication.toml"
    file.write_text("name = ")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        load_publication(file)
