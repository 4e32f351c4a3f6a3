"""docs/social.md says what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from services.social import concluding
from services.social.choice import Burst, Choice, read_choice
from services.social.enrolling import Writing
from services.social.measuring import AGES, DAY, HOUR, MINUTE
from services.social.networks import NETWORKS
from services.social.post import MOVES
from services.social.text.template import FILTERS, NAMES
from shared.listeners import SOCIAL_POST

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "social.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


def rows(title: str) -> list[list[str]]:
    """The cells of the tables under a title, of any depth, without their heads."""
    (text,) = (part for part in re.split(r"\n(?=##+ )", PAGE) if part.lstrip("#").startswith(f" {title}\n"))
    tables = re.findall(r"^\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for table in tables for line in table.splitlines()]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def in_brackets(start: str) -> set[str]:
    """The networks that stand in brackets behind these words, by their names in the code."""
    (told,) = re.findall(re.escape(start) + r" \(([^)]+)\)", WORDS)
    return {name.lower().replace("webhooks", "webhook").replace(" ", "-") for name in told.split(", ")}


RULES = {row[0].strip("`"): row[1].strip("`") for row in rows("What is chosen")}
SETTINGS = {row[0].strip("`"): row[1].strip("`") for row in rows("How it is written")}


def test_every_state_is_described_with_what_it_goes_on_to() -> None:
    documented = {state.strip("`"): names(follow) for state, _, follow in rows("The journey of a post")}
    assert documented == {state: set(follow) for state, follow in MOVES.items()}


def test_every_rule_of_choice_is_described() -> None:
    assert list(RULES) == list(Choice.model_fields)


@pytest.mark.parametrize("rule", RULES)
def test_the_example_of_a_rule_can_be_used_and_changes_something(rule: str) -> None:
    example = tomllib.loads(RULES[rule])
    assert list(example) == [rule]
    assert getattr(read_choice(example), rule) != Choice.model_fields[rule].default


def test_every_field_of_a_burst_is_described() -> None:
    fields = rows("Bursts")
    assert [row[0].strip("`") for row in fields] == list(Burst.model_fields)
    assert names(fields[-1][1]) == set(get_args(Burst.model_fields["then"].annotation))


def test_every_setting_of_writing_is_described() -> None:
    assert list(SETTINGS) == list(Writing.model_fields)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_example_of_a_setting_can_be_used_and_changes_something(setting: str) -> None:
    example = tomllib.loads(SETTINGS[setting])
    assert list(example) == [setting]
    assert getattr(Writing.model_validate(example), setting) != Writing.model_fields[setting].default


def test_what_a_template_may_hold_is_that_of_the_code() -> None:
    (told,) = re.findall(r"\*\*Templates\*\*.*?Anything else", WORDS)
    assert set(re.findall(r"`\{\{ (\w+) \}\}`", told)) == set(NAMES)
    assert names(told) >= set(FILTERS)


def test_every_way_to_follow_an_edit_is_described() -> None:
    ways = {row[0].strip("`") for row in rows("Edits and withdrawals")}
    assert ways == set(get_args(Choice.model_fields["on_edit"].annotation))
    assert in_brackets("Where it cannot") == {name for name, network in NETWORKS.items() if not network.can.edit}


def test_what_networks_do_about_an_unconfirmed_post_is_that_of_the_code() -> None:
    (told,) = re.findall(r"makes one post of it \(([^)]+)\)", WORDS)
    repeating = {name for name, network in NETWORKS.items() if network.can.repeats}
    assert {name for name in NETWORKS if name.title() in told} == repeating
    looked_up = {name for name, network in NETWORKS.items() if network.can.find}
    assert in_brackets("Where a network can do neither**") == set(NETWORKS) - repeating - looked_up


def test_usual_values_are_those_of_the_code() -> None:
    usual = Choice()
    assert f"{usual.fresh_hours:g} hours are usual" in WORDS
    assert f"{usual.backdated_minutes:g} minutes are usual" in WORDS
    assert f"usually `{usual.on_edit}`" in WORDS
    assert f"{Writing().hashtags} are usual" in WORDS


def test_times_are_those_of_the_code() -> None:
    assert f"sent again {concluding.LISTING_LAG:g} seconds later" in WORDS
    assert concluding.NEXT_LOOK == MINUTE and "once more a minute after that" in WORDS
    assert f"after {SOCIAL_POST.lease:g} seconds" in WORDS
    assert concluding.BACK_OFF == (2, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE)
    assert "after 2, 10 and 30 seconds, 1, 2 and then every 5 minutes" in WORDS
    assert concluding.RECHECK == HOUR and "tried again every hour" in WORDS
    assert AGES == (5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY)
    ages = "5 minutes after it was sent, and after 15 minutes, 1 hour, 3 hours, 12 hours, 1 day, 3 days and 7 days"
    assert ages in WORDS


def test_costs_are_those_of_the_code() -> None:
    costly = {name: network.can.cost for name, network in NETWORKS.items() if any(network.can.cost)}
    assert list(costly) == ["x"]
    plain, linked = costly["x"]
    assert f"X takes money: {plain:g} US$ for a post, and {linked:.2f} US$ for one with a link" in WORDS
