"""docs/api.md says what the code does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from services.ingest import in_flight, submit
from services.ingest.bodies import NDJSON_TYPES, Withdrawal
from services.ingest.forms import SETTLED, BatchResult, PostState, Receipt, State
from services.ingest.headers import LONGEST_KEY
from services.ingest.openapi import document
from services.ingest.problems import PROBLEMS
from services.ingest.settings import IngestSettings
from shared.errors import Refused
from shared.problems import Problem
from shared.submission import BODY_LENGTH, EARLIEST_YEAR, HEADLINE_LENGTH, MOST_TAGS, Submission

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
# Problems that HTTP itself has, made from its own phrases in shared/web.py.
BY_HTTP = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without heads and rules."""
    found = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[2:]]


def examples(title: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", section(title), re.DOTALL)


def titles_in_code() -> Iterator[str]:
    """Every title of a problem that ingest can answer with."""
    shared = [ROOT / "shared" / f"{name}.py" for name in ("auth", "bodies", "errors", "json_text", "limits", "web")]
    for path in [*(ROOT / "services" / "ingest").glob("*.py"), *shared]:
        if path.name == "problems.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                named = [each.value for each in node.keywords if each.arg == "title"]
                second = node.args[1:2] if getattr(node.func, "id", "") == "problem" else []
                yield from (each.value for each in [*named, *second] if isinstance(each, ast.Constant))  # type: ignore[misc]
    yield from (each.title for each in (Refused, *Refused.__subclasses__()))
    yield from (status.phrase.capitalize() for status in BY_HTTP)


def test_every_problem_is_explained_and_no_other() -> None:
    documented = {title for _, title, _ in rows(section("Errors"))}
    assert documented == set(titles_in_code())


def test_every_problem_of_the_description_is_explained() -> None:
    documented = {(int(status), title) for status, title, _ in rows(section("Errors"))}
    assert {(status, known.title) for status, known in PROBLEMS.items()} <= documented
    assert {status for status, _ in documented} == {*PROBLEMS, 405, 500}


def test_every_field_is_explained_and_no_other() -> None:
    table = rows(section("Submitting"))
    assert [name.strip("`") for name, _, _ in table] == list(Submission.model_fields)
    required = {name.strip("`") for name, mark, _ in table if mark == "required"}
    assert required == {name for name, field in Submission.model_fields.items() if field.is_required()}


def test_every_state_is_explained() -> None:
    assert [name.strip("`") for name, _ in rows(section("Receipts"))] == list(get_args(State))
    assert [name.strip("`") for name, _ in rows(section("Posts"))] == list(get_args(PostState))
    assert f"`{SETTLED[0]}`, `{SETTLED[1]}` or `{SETTLED[2]}`" in section("Receipts")


def test_every_limit_is_that_of_the_settings() -> None:
    for _, documented, variable in rows(section("Limits")):
        default = IngestSettings.model_fields[variable.strip("`").removeprefix("MASTHEAD_").lower()].default
        written = default if isinstance(default, str) else f"{default:,.0f}"
        assert documented.removesuffix(" bytes") == written


@pytest.mark.parametrize(
    "said",
    [
        f"1 to {HEADLINE_LENGTH} characters",
        f"up to {BODY_LENGTH:,} characters",
        f"Up to {MOST_TAGS} texts",
        f"1 to {LONGEST_KEY} printable",
        f"years from {EARLIEST_YEAR} on",
        f"`{NDJSON_TYPES[0]}`",
    ],
)
def test_numbers_in_the_text_are_those_of_the_code(said: str) -> None:
    assert said in PAGE


def test_times_in_the_text_are_those_of_the_code() -> None:
    assert submit.CLOCK_TOLERANCE.total_seconds() == 5 * 60 and "up to five minutes ahead" in PAGE
    assert in_flight.PATIENCE == 1 and "more than a second" in PAGE


@pytest.mark.parametrize(
    ("title", "model"),
    [("Submitting", Submission), ("Receipts", Receipt), ("Withdrawing", Withdrawal), ("Errors", Problem)],
)
def test_every_example_has_the_form_it_is_an_example_of(title: str, model: type[BaseModel]) -> None:
    for example in examples(title):
        model.model_validate(json.loads(example))


def test_every_result_of_a_batch_has_the_form_of_one() -> None:
    results = [json.loads(line) for line in examples("Batches")[0].splitlines()]
    for result in results:
        BatchResult.model_validate(result)
    assert [result["status"] for result in results] == [202, 200, 422]


def test_every_address_that_is_named_is_served() -> None:
    served = {
        f"{method.upper()} {path}" for path, item in document(IngestSettings())["paths"].items() for method in item
    }
    named = set(re.findall(r"`((?:GET|PUT|POST|DELETE) /v1/[^`]+)`", PAGE))
    assert named and named <= served
