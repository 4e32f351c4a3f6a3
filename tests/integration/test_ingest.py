"""Submitting, following, replacing and withdrawing over HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from services.count.tasks import CountTasks
from services.enrich.tasks import EnrichTasks
from services.feed.tasks import FeedTasks
from shared.bus import connect
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.installation import installation_id
from shared.models import Article, IdempotencyKey, OutboxRow
from shared.publication import TEMPLATE, load_publication
from shared.settings import Settings
from tests.ingest_api import Api, ingest, problem, written
from tests.newsroom import let_pass, work

ONE_OF_EACH = (1, 1, 1)  # article, event, outbox row


@pytest.fixture
def workers(api: Api, valkey_url: str) -> Callable[[], int]:
    """Does all work that is due, as the workers would."""
    publication, clock = load_publication(TEMPLATE), Clock(None)
    counters = Counters(connect(Settings(redis_url=valkey_url)), api.db, installation_id(api.db))
    counting, feeds = CountTasks(api.db, counters, clock), FeedTasks(api.db, lambda: None, clock)
    handlers = {
        "enrich.article": EnrichTasks(api.db, publication, clock).article,
        "count.article": counting.recount,
        "count.withdrawal": counting.recount,
        "feed.publish": feeds.place,
        "feed.withdraw": feeds.place,
    }
    return lambda: work(api.db, handlers)


class TestSubmitting:
    def test_an_article_is_stored_with_its_event_before_the_answer(self, api: Api) -> None:
        answer = api.post(external_id="cms-1")
        assert answer.status_code == 202
        assert api.stored() == ONE_OF_EACH
        receipt = answer.json
        assert receipt is not None
        assert answer.headers["Location"] == f"http://localhost/v1/articles/{receipt['id']}" == receipt["receipt"]
        assert answer.headers["ETag"] == receipt["etag"] == '"1"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert receipt["urn"] == f"urn:uuid:{receipt['id']}"
        assert (receipt["state"], receipt["version"], receipt["external_id"]) == ("accepted", 1, "cms-1")
        assert list(receipt["stages"]) == ["accepted"]

    def test_what_is_stored_is_what_was_submitted(self, api: Api) -> None:
        fields: dict[str, Any] = {
            "headline": "a\u0000b\u202e]]>\ufffe😀",
            "body": "<script>alert(1)</script><p>unclosed <svg onload=x>\u0001",
            "published_at": "2018-04-20T09:30:00+03:00",
        }
        receipt = api.accept(**fields)
        with api.db.read() as session:
            found = session.query(Article).filter_by(id=receipt["id"]).one()
            assert found.submission == {"language": "en"} | fields

    def test_a_clock_that_is_a_little_ahead_means_now(self, api: Api) -> None:
        ahead = (Clock(None).now() + timedelta(minutes=1)).isoformat()
        receipt = api.accept(published_at=ahead)
        with api.db.read() as session:
            assert "published_at" not in session.query(Article).filter_by(id=receipt["id"]).one().submission

    def test_a_time_in_the_future_is_refused(self, api: Api) -> None:
        ahead = (Clock(None).now() + timedelta(hours=1)).isoformat()
        body = problem(api.post(published_at=ahead), 422)
        assert [each["pointer"] for each in body["errors"]] == ["/published_at"]
        assert body["errors"][0]["detail"] == "lies in the future"
        assert api.stored() == (0, 0, 0)


class TestRepeating:
    def test_the_same_key_and_article_give_the_same_receipt(self, api: Api) -> None:
        first = api.accept({"Idempotency-Key": '"k1"'})
        again = api.accept({"Idempotency-Key": "k1"})
        assert again["id"] == first["id"]
        assert api.stored() == ONE_OF_EACH

    def test_the_same_article_written_differently_is_a_repeat(self, api: Api) -> None:
        first = api.accept(external_id="e", published_at="2018-04-20T09:30:00+03:00", byline="A", source="S", tags=None)
        again = api.accept(
            external_id=" e ",
            published_at="2018-04-20T06:30:00Z",
            bylines=["A"],
            source={"name": "S"},
            body_format="auto",
        )
        assert again["id"] == first["id"]

    def test_the_same_key_with_another_article_is_refused(self, api: Api) -> None:
        api.accept({"Idempotency-Key": "k1"})
        body = problem(api.post({"Idempotency-Key": "k1"}, headline="Another"), 422)
        assert body["errors"][0]["header"] == "Idempotency-Key"
        assert api.stored() == ONE_OF_EACH

    def test_a_key_belongs_to_its_publisher(self, api: Api) -> None:
        api.accept({"Idempotency-Key": "k1"}, external_id="e")
        other = {"Authorization": f"Bearer {api.make_key('Other Agency')}", "Idempotency-Key": "k1"}
        api.accept(other, external_id="e", headline="Another")
        assert api.count(Article) == 2

    def test_the_same_external_id_with_another_article_names_the_known_one(self, api: Api) -> None:
        first = api.accept(external_id="cms-1")
        body = problem(api.post(external_id="cms-1", headline="Another"), 422)
        path = f"/v1/articles/{first['id']}"
        assert body["article"] == path
        assert body["errors"][0]["pointer"] == "/external_id" and path in body["errors"][0]["detail"]
        assert api.ask("GET", body["article"]).status_code == 200
        assert api.stored() == ONE_OF_EACH

    def test_without_key_and_id_each_submission_is_an_article(self, api: Api) -> None:
        assert api.accept()["id"] != api.accept()["id"]

    def test_a_key_that_is_being_worked_on_is_in_conflict(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second request comes while the first is inside its transaction."""
        monkeypatch.setattr("services.ingest.in_flight.PATIENCE", 0.05)
        inside: list[dict[str, Any]] = []
        real = Database.write

        def write(db: Database) -> Any:
            if not inside:
                inside.append({})
                inside[0] = problem(api.post({"Idempotency-Key": "k1"}), 409)
            return real(db)

        monkeypatch.setattr(Database, "write", write)
        api.accept({"Idempotency-Key": "k1"})
        assert "still being worked on" in inside[0]["detail"]

    @pytest.mark.parametrize("by", ["key", "external_id", "both"])
    def test_a_hundred_at_once_to_two_processes_are_one_article(
        self,
        api: Api,
        by: str,
        database_url: str,
        valkey_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        headers = {} if by == "external_id" else {"Idempotency-Key": "k1"}
        fields = {} if by == "key" else {"external_id": "cms-1"}
        with ingest(database_url, valkey_url, tmp_path, monkeypatch) as second_process:
            apps = [api.app, second_process]

            def post(number: int) -> Any:
                headers_sent = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"} | headers
                client = apps[number % 2].test_client()
                return client.post("/v1/articles", data=written(**fields), headers=headers_sent)

            with ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(post, range(100)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json["id"] for answer in answers}) == 1
        assert api.stored() == ONE_OF_EACH
        assert api.count(IdempotencyKey) == (0 if by == "external_id" else 1)


class TestReceipts:
    def test_a_receipt_tells_each_stage(self, api: Api, workers: Callable[[], int]) -> None:
        accepted = api.accept(tags=["Harbour"], section="economy", published_at="2018-04-20T21:30:00Z")
        workers()
        receipt = api.ask("GET", f"/v1/articles/{accepted['id']}").json
        assert receipt is not None
        assert receipt["state"] == "published"
        assert list(receipt)[:2] == ["id", "urn"]
        assert list(receipt["stages"]) == ["accepted", "enriched", "counted", "published"]
        assert receipt["published_at"] == "2018-04-20T21:30:00.000+00:00"
        assert "day:2018-04-21" in receipt["stages"]["counted"]["slices"]
        published = receipt["stages"]["published"]
        assert "/2018/04/21/harbour-reopens-" in published["page"]
        assert {feed.rpartition("/")[2] for feed in published["feeds"]} == {"feed.rss", "feed.atom", "feed.json"}
        assert any(feed.endswith("/tags/harbour/feed.atom") for feed in published["feeds"])

    def test_another_publisher_does_not_find_the_article(self, api: Api) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        other = {"Authorization": f"Bearer {api.make_key('Other Agency')}"}
        for method, body in (("GET", None), ("PUT", written()), ("DELETE", None)):
            problem(api.ask(method, path, body, {**other, "If-Match": "*"}), 404)

    @pytest.mark.parametrize("article_id", ["0", "%00", "%F0%9F%98%80", "x" * 5_000, "İ" * 36, "a" * 36])
    def test_what_is_no_id_is_not_found(self, api: Api, article_id: str) -> None:
        problem(api.ask("GET", f"/v1/articles/{article_id}"), 404)

    def test_an_id_is_found_in_either_case(self, api: Api) -> None:
        assert api.ask("GET", f"/v1/articles/{api.accept()['id'].upper()}").status_code == 200

    def test_waiting_ends_when_the_article_is_published(self, api: Api, workers: Callable[[], int]) -> None:
        accepted = api.accept()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(api.ask, "GET", f"/v1/articles/{accepted['id']}", None, {"Prefer": "wait=20"})
            workers()
            answer = waiting.result()
        assert answer.json is not None and answer.json["state"] == "published"
        assert answer.headers["Preference-Applied"] == "wait=20"

    def test_waiting_ends_at_its_time(self, api: Api) -> None:
        answer = api.post({"Prefer": "wait=1"})
        assert answer.json is not None and answer.json["state"] == "accepted"
        assert answer.headers["Preference-Applied"] == "wait=1"

    def test_waiting_is_not_promised_when_nobody_waits(self, api: Api) -> None:
        assert "Preference-Applied" not in api.post({"Prefer": "respond-async"}).headers

    def test_those_who_find_no_place_to_wait_are_answered_at_once(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        monkeypatch.setattr("services.ingest.places.Places.try_to_take", lambda *_, **__: False)
        answer = api.ask("GET", path, None, {"Prefer": "wait=30"})
        assert answer.status_code == 200 and "Preference-Applied" not in answer.headers

    def test_a_replacement_can_succeed_where_the_first_version_failed(
        self, api: Api, workers: Callable[[], int]
    ) -> None:
        accepted = api.accept()
        with api.db.write() as session:
            session.execute(update(OutboxRow).values(state="dead", due_at=None, reason="because"))
        path = f"/v1/articles/{accepted['id']}"
        failed = api.ask("GET", path).json
        assert failed is not None and failed["state"] == "failed"
        assert [each["reason"] for each in failed["stages"]["failed"]] == ["because"]
        assert api.put(accepted["id"], '"1"', headline="Mended").status_code == 202
        workers()
        mended = api.ask("GET", path).json
        assert mended is not None and mended["state"] == "published"


class TestReplacing:
    def test_a_replacement_keeps_the_id_and_moves_version_and_time(self, api: Api, workers: Callable[[], int]) -> None:
        first = api.accept(external_id="cms-1")
        workers()
        answer = api.put(first["id"], '"1"', headline="Harbour closed again")
        replaced = answer.json
        assert replaced is not None and answer.status_code == 202
        assert (replaced["id"], replaced["version"], answer.headers["ETag"]) == (first["id"], 2, '"2"')
        assert replaced["updated_at"] > first["updated_at"]
        assert replaced["state"] == "accepted"
        assert replaced["external_id"] == "cms-1", "an id that is left out is kept"
        workers()
        receipt = api.ask("GET", f"/v1/articles/{first['id']}").json
        assert receipt is not None
        assert (receipt["state"], receipt["stages"]["published"]["version"]) == ("published", 2)
        # What is now published under the external_id is known when it comes again.
        assert api.accept(external_id="cms-1", headline="Harbour closed again")["id"] == first["id"]

    def test_new_tags_are_counted_before_it_is_called_published(self, api: Api, workers: Callable[[], int]) -> None:
        first = api.accept(tags=["a"])
        workers()
        api.put(first["id"], "*", tags=["b"])
        publication, clock = load_publication(TEMPLATE), Clock(None)
        feeds = FeedTasks(api.db, lambda: None, clock)
        work(
            api.db,
            {"enrich.article": EnrichTasks(api.db, publication, clock).article, "feed.publish": feeds.place},
        )
        path = f"/v1/articles/{first['id']}"
        assert api.ask("GET", path).json["state"] == "enriched"  # type: ignore[index]
        let_pass(api.db, "count.article")
        workers()
        assert api.ask("GET", path).json["state"] == "published"  # type: ignore[index]

    @pytest.mark.parametrize(
        ("if_match", "status"),
        [
            ("", 428),
            ('"2"', 412),
            ('W/"1"', 412),
            ("1", 412),
            ('"0", "3"', 412),
            ('"0", "1"', 202),
            ("*", 202),
        ],
    )
    def test_if_match_must_name_the_current_version(self, api: Api, if_match: str, status: int) -> None:
        first = api.accept()
        answer = api.put(first["id"], if_match, headline="Another")
        assert answer.headers["ETag"] == ('"2"' if status == 202 else '"1"')
        if status != 202:
            assert problem(answer, status)["errors"][0]["header"] == "If-Match"

    def test_a_replacement_whose_answer_was_lost_can_be_repeated(self, api: Api) -> None:
        first = api.accept()
        for _ in range(2):
            answer = api.put(first["id"], '"1"', headline="Another")
            assert (answer.status_code, answer.headers["ETag"]) == (202, '"2"')
        assert api.stored() == (1, 2, 2)

    def test_two_at_once_cannot_both_replace_a_version(self, api: Api) -> None:
        first = api.accept()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: api.put(first["id"], '"1"', headline=f"Version {n}"), range(8)))
        assert sorted(answer.status_code for answer in answers) == [202] + [412] * 7
        assert api.stored() == (1, 2, 2)

    def test_an_external_id_can_be_brought_but_not_changed(self, api: Api) -> None:
        taken = api.accept(external_id="taken")
        first = api.accept()
        body = problem(api.put(first["id"], '"1"', external_id="taken"), 422)
        assert body["article"] == f"/v1/articles/{taken['id']}"
        assert api.put(first["id"], '"1"', external_id="new").status_code == 202
        body = problem(api.put(first["id"], '"2"', external_id="newer"), 422)
        assert body["errors"][0] == {
            "pointer": "/external_id",
            "detail": "cannot be changed",
            "found": "newer",
            "accepted": "new",
        }

    def test_what_was_withdrawn_cannot_be_replaced(self, api: Api) -> None:
        first = api.accept()
        api.ask("DELETE", f"/v1/articles/{first['id']}")
        assert "withdrawn" in problem(api.put(first["id"], "*"), 409)["detail"]


class TestWithdrawing:
    def test_a_withdrawal_is_told_with_its_reason(self, api: Api, workers: Callable[[], int]) -> None:
        first = api.accept(tags=["a"])
        workers()
        path = f"/v1/articles/{first['id']}"
        answer = api.ask("DELETE", path, b'{"reason": "Not confirmed."}')
        assert answer.status_code == 202 and answer.json is not None
        assert (answer.json["state"], answer.json["version"]) == ("withdrawing", 2)
        workers()
        receipt = api.ask("GET", path).json
        assert receipt is not None
        assert receipt["state"] == "withdrawn"
        assert receipt["stages"]["withdrawn"]["reason"] == "Not confirmed."
        assert receipt["stages"]["counted"]["slices"] == []
        assert receipt["stages"]["published"]["feeds"] == []

    def test_withdrawing_twice_is_the_same_as_once(self, api: Api) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        once = api.ask("DELETE", path, b'{"reason": "First."}').json
        twice = api.ask("DELETE", path, b'{"reason": "Second."}').json
        assert once == twice
        assert api.stored() == (1, 2, 4)

    def test_an_article_can_be_withdrawn_before_it_is_published(self, api: Api, workers: Callable[[], int]) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        assert api.ask("DELETE", path).status_code == 202
        workers()
        receipt = api.ask("GET", path).json
        assert receipt is not None
        assert receipt["state"] == "withdrawn" and "published" not in receipt["stages"]

    def test_a_withdrawal_may_insist_on_a_version(self, api: Api) -> None:
        path = f"/v1/articles/{api.accept()['id']}"
        problem(api.ask("DELETE", path, None, {"If-Match": '"7"'}), 412)
        assert api.ask("DELETE", path, None, {"If-Match": '"1"'}).status_code == 202

    def test_a_withdrawn_article_is_known_when_it_comes_again(self, api: Api) -> None:
        first = api.accept(external_id="e")
        api.ask("DELETE", f"/v1/articles/{first['id']}")
        again = api.accept(external_id="e")
        assert again["id"] == first["id"] and "withdrawn" in again["stages"]
