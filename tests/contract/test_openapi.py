"""/openapi.json says all that the API does, and the API does what /openapi.json says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import ValidationError

from services.ingest.docs import POLICY
from services.ingest.openapi import document
from services.ingest.problems import PROBLEMS
from services.ingest.settings import IngestSettings
from shared.db import Database
from shared.submission import Submission
from tests.containers import ROOT
from tests.databases import sqlite_record
from tests.ingest_api import Api, ingest
from tests.web_process import web_process

HERE = Path(__file__).parent
DOCUMENT = document(IngestSettings())
# Addresses that describe the API are no part of it.
ABOUT = {"docs.front", "docs.openapi", "docs.page", "docs.asset"}
METHODS = {"get", "put", "post", "delete", "patch"}

CASES = os.environ.get("MASTHEAD_API_CASES", "12")


@pytest.fixture(scope="module")
def record_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sqlite_record(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def app(record_url: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("var")
    with pytest.MonkeyPatch.context() as patch, ingest(record_url, valkey_url, folder, patch) as made:
        yield made


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def test_it_is_a_valid_document_of_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_it_is_served_without_a_key(app: Flask) -> None:
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json == DOCUMENT


def test_every_address_and_method_is_described_and_no_other(app: Flask) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in ABOUT
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == {(path, method) for path, method, _ in operations()}


def test_every_operation_needs_a_key_but_those_of_health() -> None:
    assert DOCUMENT["security"] == [{"key": []}]
    open_ones = {path for path, _, operation in operations() if operation.get("security") == []}
    assert open_ones == {"/healthz", "/readyz"}


def test_every_operation_has_a_name_and_an_explanation() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations())


def test_every_described_problem_is_used_and_every_used_one_described() -> None:
    used = re.findall(r"#/components/responses/(\d+)", json.dumps(DOCUMENT["paths"]))
    assert set(used) == {str(status) for status in PROBLEMS}


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT))):
        node: Any = DOCUMENT
        for part in reference.split("/"):
            node = node[part]
        assert node


def test_every_schema_is_used() -> None:
    text = json.dumps(DOCUMENT)
    assert all(f'"#/components/schemas/{name}"' in text for name in DOCUMENT["components"]["schemas"])


def test_the_examples_are_taken_by_the_models_and_by_the_schemas() -> None:
    body = DOCUMENT["paths"]["/v1/articles"]["post"]["requestBody"]["content"]["application/json"]
    validator = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Submission", **DOCUMENT})
    for example in body["examples"].values():
        Submission.model_validate(example["value"])
        validator.validate(example["value"])
    problems = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Problem", **DOCUMENT})
    for response in DOCUMENT["components"]["responses"].values():
        problems.validate(response["content"]["application/problem+json"]["example"])


def test_shorthands_are_described_as_they_are_taken() -> None:
    validator = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Submission", **DOCUMENT})
    plain = {"headline": "a", "body": "b"}
    for more in (
        {"byline": "A"},
        {"byline": ["A"]},
        {"byline": None},
        {"source": "S"},
        {"tags": None, "bylines": None},
    ):
        validator.validate(plain | more)
        Submission.model_validate(plain | more)


@pytest.mark.parametrize(
    ("urgency", "taken"),
    [*((number, 1 <= number <= 9) for number in range(-1, 12)), (2.0, True), (2.5, False), ("2", False), (True, False)],
)
def test_urgency_is_described_as_it_is_taken(urgency: Any, taken: bool) -> None:
    validator = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Submission", **DOCUMENT})
    given = {"headline": "a", "body": "b", "urgency": urgency}
    assert validator.is_valid(given) is taken
    with nullcontext() if taken else pytest.raises(ValidationError):
        Submission.model_validate(given)


class TestPage:
    def test_nothing_may_come_from_elsewhere(self, app: Flask) -> None:
        answer = app.test_client().get("/docs")
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert "unsafe" not in POLICY and "http" not in POLICY and "default-src 'none'" in POLICY

    def test_every_file_it_names_is_served_and_checked_for_changes(self, app: Flask) -> None:
        client = app.test_client()
        page = client.get("/docs").text
        names = re.findall(r'(?:src|href)="(docs/[^"]+)"', page)
        assert len(names) == 4
        for name in names:
            answer = client.get(f"/{name}")
            assert answer.status_code == 200 and answer.content_length
            zipped = client.get(f"/{name}", headers={"Accept-Encoding": "gzip"})
            assert zipped.headers["Content-Encoding"] == "gzip"
            assert zipped.headers["ETag"] != answer.headers["ETag"]
            again = client.get(f"/{name}", headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")

    @pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "docs.html", "swagger.svg", "%2e%2e/x"])
    def test_nothing_else_is_served(self, app: Flask, name: str) -> None:
        assert app.test_client().get(f"/docs/{name}").status_code in (404, 405)


def test_the_running_api_keeps_to_it(record_url: str, valkey_url: str, tmp_path: Path) -> None:
    """Schemathesis: every operation with examples, edge cases, random right and wrong data, and in sequences."""
    db = Database(record_url)
    with pytest.MonkeyPatch.context() as patch, ingest(record_url, valkey_url, tmp_path, patch) as app:
        key = Api(app, db).key
    with web_process("ingest", record_url, valkey_url, tmp_path, MAX_WAIT=0.05) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
                *("run", f"{url}/openapi.json", "--max-examples", CASES),
                *("--max-response-time", "10", "--header", f"Authorization: Bearer {key}"),
            ],
            cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.contract.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "8 selected / 8 total" in done.stdout
    log = next(tmp_path.glob("ingest-*.log")).read_text()
    assert "Traceback" not in log, log
    assert str(key) not in log
