"""docs/enrichment.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from services.enrich import characters, scan
from services.enrich.allowlist import DROPPED, ELEMENTS, EVERYWHERE, LINK_SCHEMES, PICTURE_SCHEMES, REPLACED
from services.enrich.draft import Limits
from services.enrich.pipeline import PIPELINE
from services.enrich.steps import language, length, sanitise
from shared.text import LONGEST_ENCODED_SLUG

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "enrichment.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    heads = {text.splitlines()[place - 1] for place, line in enumerate(text.splitlines()) if line.startswith("|---")}
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line not in heads]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def paragraph(start: str) -> str:
    return next(block for block in PAGE.split("\n\n") if block.startswith(start))


def test_the_steps_stand_in_their_order_with_their_limits() -> None:
    documented = [(number, name.strip("`"), kind, seconds) for number, name, kind, seconds, _ in rows(section("Steps"))]
    assert documented == [
        (str(number), step.name, "required" if step.required else "optional", f"{step.seconds:g}")
        for number, step in enumerate(PIPELINE, 1)
    ]


def test_every_step_that_notes_something_is_a_step() -> None:
    noted = {row[0].strip("`") for row in rows(section("Notes on the receipt"))} - {"any optional one"}
    assert noted <= {step.name for step in PIPELINE}


def test_the_removed_characters_are_those_of_the_code() -> None:
    documented = {row[0] for row in rows(section("Characters"))}
    assert documented == {*characters.REMOVED, characters.UNPAIRED_ISOLATE}


def test_the_allow_list_is_that_of_the_code() -> None:
    tables = rows(section("The allow-list of HTML"))
    own = {row[0].strip("`"): names(row[1]) for row in tables if row[0].strip("`") in ELEMENTS and "," not in row[0]}
    assert own == {name: set(attributes) for name, attributes in ELEMENTS.items() if attributes}
    assert names(paragraph("Without attributes")) == {name for name, attributes in ELEMENTS.items() if not attributes}
    assert names(paragraph("Every element may have")) == EVERYWHERE
    assert names(paragraph("Removed with all they hold")) == DROPPED


def test_the_replaced_elements_are_those_of_the_code() -> None:
    tables = rows(section("The allow-list of HTML"))
    replaced = [row for row in tables if not names(row[0]) & set(ELEMENTS)]
    assert {name: new.strip("`") for old, new in replaced for name in names(old)} == REPLACED


def test_the_schemes_are_those_of_the_code() -> None:
    links, pictures = paragraph("Links lead to").split(".")[0].split("pictures")
    assert names(links) == LINK_SCHEMES
    assert names(pictures) == PICTURE_SCHEMES


def test_lengths_and_rates_are_those_of_the_code() -> None:
    limits = Limits()
    values = [int(row[1]) for row in rows(section("Lengths and rates"))]
    assert values == [
        length.WORDS_A_MINUTE,
        length.CJK_CHARACTERS_A_MINUTE,
        length.UNSPACED_LETTERS_A_MINUTE,
        1,
        limits.excerpt,
        limits.slug,
        LONGEST_ENCODED_SLUG,
        limits.keywords,
    ]
    assert f"Under {language.SHORT} letters" in PAGE
    assert f"at most {sanitise.DEEPEST} elements deep" in PAGE
    assert f"more than {scan.DEEPEST_SOURCE:,} elements" in " ".join(PAGE.split())
