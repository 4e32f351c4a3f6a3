"""What ingest refuses, and how it says so: keys, addresses, hostile bodies, limits, parts that are away."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from services.ingest.forms import Stats
from shared.db import Database
from shared.models import Article
from tests.ingest_api import Api, ingest, problem, written


class TestKeys:
    def test_every_address_of_the_api_asks_for_a_key(self, api: Api) -> None:
        asked = 0
        for rule in api.app.url_map.iter_rules():
            if rule.rule.startswith("/v1/"):
                for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
                    answer = api.ask(
                        method, rule.rule.replace("<uuid:article_id>", str(uuid4())), None, {"Authorization": ""}
                    )
                    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="masthead"'
                    assert problem(answer, 401)["title"] == "A valid API key is needed"
                    asked += 1
        assert asked == 6

    @pytest.mark.parametrize(
        "change",
        [
            lambda key: "",
            lambda key: "Bearer",
            lambda key: "Bearer ",
            lambda key: f"Basic {key}",
            lambda key: key,
            lambda key: f"Bearer {key[:-1]}",
            lambda key: f"Bearer {key}x",
            lambda key: f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'B'}",
            lambda key: f"Bearer {key.upper()}",
            lambda key: f"Bearer {key[:20]} {key[20:]}",
            lambda key: f"Bearer mh_zzzzzzzz{key[11:]}",
            lambda key: "Bearer " + "x" * 100_000,
            lambda key: f"Bearer {key} {key}",
            lambda key: f"Bearer {key}é",
        ],
    )
    def test_a_wrong_key_is_refused(self, api: Api, change: Callable[[str], str]) -> None:
        problem(api.post({"Authorization": change(str(api.key))}), 401)
        assert api.count(Article) == 0

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
    def test_the_scheme_is_read_in_any_case(self, api: Api, scheme: str) -> None:
        api.accept({"Authorization": f"{scheme} {api.key}"})

    def test_a_key_in_the_address_is_no_key(self, api: Api) -> None:
        problem(api.ask("GET", f"/v1/stats?key={api.key}&access_token={api.key}", None, {"Authorization": ""}), 401)

    def test_a_revoked_key_is_refused_and_says_since_when(self, api: Api) -> None:
        key = api.make_key()
        api.accept({"Authorization": f"Bearer {key}"})
        api.revoke(key)
        body = problem(api.post({"Authorization": f"Bearer {key}"}), 401)
        assert body["detail"] == "This API key was revoked at 2018-04-20 09:00 UTC."
        api.accept()

    def test_a_key_is_asked_for_before_the_body_is_read(self, api: Api) -> None:
        problem(api.ask("POST", "/v1/articles", b"[" * 100_000, {"Authorization": "Bearer x"}), 401)


class TestAddresses:
    @pytest.mark.parametrize("path", ["/v2/articles", "/v1/articles/", "/v1", "/docs/../../etc/passwd", "/docs/x.js"])
    def test_an_unknown_address_is_a_problem_too(self, api: Api, path: str) -> None:
        problem(api.ask("GET", path), 404)

    def test_a_wrong_method_says_which_are_right(self, api: Api) -> None:
        answer = api.ask("PATCH", f"/v1/articles/{uuid4()}")
        problem(answer, 405)
        assert {"GET", "PUT", "DELETE"} <= set(re.findall(r"\w+", answer.headers["Allow"]))

    def test_head_answers_like_get_without_a_body(self, api: Api) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        head = api.ask("HEAD", path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["ETag"] == api.ask("GET", path).headers["ETag"]

    def test_options_needs_no_key(self, api: Api) -> None:
        assert api.ask("OPTIONS", "/v1/articles", None, {"Authorization": ""}).status_code == 200

    def test_the_front_door_leads_to_the_description(self, api: Api) -> None:
        answer = api.ask("GET", "/", None, {"Authorization": ""})
        assert (answer.status_code, answer.headers["Location"]) == (302, "docs")

    @pytest.mark.parametrize(
        ("given", "kept"), [("abc-123", True), ("x" * 65, False), ("a b", False), ("a\u00e9", False), ("", False)]
    )
    def test_a_request_keeps_its_id_when_it_is_a_harmless_one(self, api: Api, given: str, kept: bool) -> None:
        answer = api.ask("GET", "/healthz", None, {"X-Request-Id": given})
        assert (answer.headers["X-Request-Id"] == given) == kept
        assert re.fullmatch(r"[\w.:-]{1,64}", answer.headers["X-Request-Id"], re.ASCII)

    @pytest.mark.parametrize("query", ["days=0", "days=367", "days=x", "days=-1", "days=٣", "days=1e3", "top=1001"])
    def test_a_wrong_parameter_is_named(self, api: Api, query: str) -> None:
        body = problem(api.ask("GET", f"/v1/stats?{query}"), 400)
        assert body["errors"][0]["parameter"] == query.partition("=")[0]
        assert body["errors"][0]["accepted"].startswith("1 to ")

    def test_statistics_have_as_many_days_as_asked_for(self, api: Api) -> None:
        found = api.ask("GET", "/v1/stats?days=3&top=1").json
        assert found is not None
        assert len(found["days"]) == 3
        assert set(found) == set(Stats.model_fields)


HOSTILE_BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"\x00" * 1_000, 400),
    (b"[" * 2_000 + b"]" * 2_000, 400),
    (b"[" * 100_000 + b"]" * 100_000, 400),
    (b'{"headline":' * 400 + b"1" + b"}" * 400, 422),
    (b'{"headline": "\xff\xfe", "body": "x"}', 400),
    (b'{"headline": "\xed\xa0\x80", "body": "x"}', 400),
    (b'{"headline": "\\udead", "body": "x"}', 422),
    (b'{"headline": NaN, "body": "x"}', 400),
    (b'{"headline": 1e400, "body": "x"}', 422),
    (b'{"headline": ' + b"9" * 5_000 + b', "body": "x"}', 422),
    (b'{"headline": "a", "headline": "b", "body": "x"}', 422),
    (written(headline="x" * 100_000), 422),
    (written(headline="\u200b"), 422),
    (written(tags=[f"t{number}" for number in range(10_000)]), 422),
    (written(id="mine", version=7, publisher_id=1, withdrawn_at="2018-04-20T09:30:00Z"), 422),
    (written(body="x" * 2_000_001), 413),
    (b" " * 2_000_001, 413),
    (written(headline={"$ne": None}), 422),
    (written(headline="a\u0000b", body="\u0000\u0001]]><![CDATA[", external_id="' OR 1=1 --"), 202),
    (written(tags=["%", "_", "a:b", "*", "../..", "\u202e", "\u200b"], section="{{7*7}}", byline="=1+1"), 202),
    (written(language="zz-Zzzz-ZZ", published_at="1500-01-01T00:00:00+14:00"), 202),
    (written(body="<p>" * 10_000, summary="\u0301" * 5_000), 202),
    (written(canonical_url="http://[::1]:99999999/", image={"url": "https://169.254.169.254/x"}), 202),
]


@pytest.mark.parametrize(("body", "status"), HOSTILE_BODIES, ids=[str(number) for number in range(len(HOSTILE_BODIES))])
def test_a_hostile_body_is_refused_with_its_faults_or_stored(api: Api, body: bytes, status: int) -> None:
    answer = api.ask("POST", "/v1/articles", body)
    assert answer.status_code == status, answer.text
    if status == 202:
        assert api.count(Article) == 1
        return
    told = problem(answer, status)
    assert len(answer.data) < 20_000
    assert status == 413 or told["errors"]
    assert api.count(Article) == 0


def test_a_wrong_reason_withdraws_nothing(api: Api) -> None:
    path = f"/v1/articles/{api.accept()['id']}"
    for body, status in ((b'{"reason": "\\ud800"}', 422), (b'{"reason": "a\\u0000"}', 422), (b"x", 400)):
        problem(api.ask("DELETE", path, body), status)
    problem(api.ask("DELETE", path, b"reason=x", {"Content-Type": "application/x-www-form-urlencoded"}), 415)
    assert api.ask("GET", path).json["state"] == "accepted"  # type: ignore[index]


class TestLimits:
    def test_a_key_is_stopped_with_the_time_to_come_back(
        self, api: Api, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ingest(database_url, valkey_url, tmp_path, monkeypatch, RATE_LIMIT="2/minute") as app:
            limited = Api(app, api.db)
            limited.accept()
            limited.accept()
            answer = limited.post()
            assert problem(answer, 429)["title"] == "Too many requests"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60

    def test_whoever_guesses_keys_is_stopped_and_others_are_not(
        self, api: Api, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ingest(database_url, valkey_url, tmp_path, monkeypatch, FAILED_LOGIN_LIMIT="3/minute") as app:
            limited = Api(app, api.db)
            answers = [limited.post({"Authorization": f"Bearer wrong{number}"}) for number in range(5)]
            assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
            limited.accept()


class TestPartsThatAreAway:
    def test_without_redis_articles_are_still_taken_and_quickly(
        self, api: Api, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nobody = f"unix://{tmp_path / 'nobody.sock'}"
        with ingest(database_url, nobody, tmp_path, monkeypatch) as app:
            alone = Api(app, api.db)
            started = time.monotonic()
            for _ in range(20):
                alone.accept()
            assert time.monotonic() - started < 10
            assert alone.ask("GET", "/v1/stats").status_code == 200
            ready = alone.ask("GET", "/readyz")
            assert ready.status_code == 200 and ready.json is not None
            assert ready.json["parts"]["redis"]["ok"] is False

    def test_a_redis_that_does_not_answer_costs_a_fraction_of_a_second(
        self, api: Api, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(128)
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
            with ingest(database_url, url, tmp_path, monkeypatch) as app:
                alone = Api(app, api.db)
                started = time.monotonic()
                for _ in range(10):
                    alone.accept()
                assert time.monotonic() - started < 5

    def test_a_record_that_is_away_is_told_as_such(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        def write(_: Database) -> Any:
            raise OperationalError("INSERT", {}, Exception("database is locked"))

        monkeypatch.setattr(Database, "write", write)
        answer = api.post()
        body = problem(answer, 503)
        assert answer.headers["Retry-After"] == "2"
        assert "may or may not be stored" in body["detail"]
        assert "locked" not in json.dumps(body)
