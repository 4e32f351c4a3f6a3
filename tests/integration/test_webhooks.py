"""Webhooks of partners, from the API to the receiver: signed, logged, repeated, replayed, and ended when it must be."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from standardwebhooks import Webhook as Oracle
from standardwebhooks import WebhookVerificationError
from werkzeug.test import TestResponse

from services.cli.keys import create_key
from services.push.webhook_queue import TURNS
from services.push.webhook_retries import DAY
from shared.db import db_now
from shared.listeners import PUSH_SEND_WEBHOOK
from shared.models import Event, OutboxRow, Webhook, WebhookDelivery
from shared.outbox import replay
from tests.factories import NOW
from tests.hub import HubOffice, hub_office
from tests.ingest_api import problem
from tests.newsroom import let_pass
from tests.paper import Paper
from tests.subscribers import ENDLESS, Received, Subscribers, says

PATH = "/hook"
# Where the database has no part in it.


class Partner:
    """A publisher with a key, who uses the API; and the office that works for it."""

    def __init__(self, office: HubOffice, name: str = "Partner") -> None:
        self.office = office
        with office.db.write() as session:
            self.key = str(create_key(session, name, "", NOW))

    def ask(self, method: str, path: str = "", body: Any = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        json_body = {} if body is None else {"json": body}
        return self.office.app.test_client().open(
            f"/v1/webhooks{path}", method=method, headers=headers, **json_body, **options
        )

    def make(self, path: str = PATH, **fields: Any) -> dict[str, Any]:
        answer = self.ask("POST", body={"url": self.office.subscribers.url(path), **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json)  # type: ignore[arg-type]

    def look(self, webhook: dict[str, Any]) -> dict[str, Any]:
        return dict(self.ask("GET", f"/{webhook['id']}").json)  # type: ignore[arg-type]

    def log(self, webhook: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/{webhook['id']}/deliveries").json["deliveries"])  # type: ignore[index]

    def retry(self) -> None:
        """Lets the time pass until the next attempts are due, and lets them be made."""
        let_pass(self.office.db, PUSH_SEND_WEBHOOK.name)
        self.office.rest()


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


@pytest.fixture
def office(paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOffice]:
    with hub_office(paper, subscribers, monkeypatch) as made:
        yield made


@pytest.fixture
def partner(office: HubOffice) -> Partner:
    return Partner(office)


def verified(secret: str, received: Received) -> dict[str, Any]:
    """What the reference implementation of Standard Webhooks makes of a delivery. Raises when it is not genuine."""
    return dict(Oracle(secret).verify(received.body, received.headers))


def test_what_happens_to_an_article_arrives_signed(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    seq = office.publish(headline="Harbour reopens", tags=["harbour"], section="World")
    (first,) = office.told(1, PATH)
    office.paper.newsroom.edit(seq, headline="Harbour reopened")
    office.work()
    office.told(2, PATH)
    office.paper.newsroom.withdraw(seq, "It was wrong.")
    office.work()
    events = [verified(webhook["secret"], each) for each in office.told(3, PATH)]
    assert [each["type"] for each in events] == [
        "news.masthead.article.published",
        "news.masthead.article.updated",
        "news.masthead.article.withdrawn",
    ]
    assert [each["data"].get("headline") for each in events] == ["Harbour reopens", "Harbour reopened", None]
    assert events[2]["data"]["reason"] == "It was wrong."
    assert {each["subject"] for each in events} == {f"urn:uuid:{office.paper.article_id(seq)}"}
    assert first.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert first.headers["webhook-attempt"] == "1"
    assert first.headers["user-agent"] == "Masthead-Webhooks (+https://courier.example)"


@pytest.mark.databases("sqlite")
def test_a_changed_byte_is_noticed(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    office.publish()
    (received,) = office.told(1, PATH)
    with pytest.raises(WebhookVerificationError):
        Oracle(webhook["secret"]).verify(received.body + b" ", received.headers)


@pytest.mark.databases("sqlite")
def test_only_what_matches_is_sent(office: HubOffice, partner: Partner) -> None:
    partner.make("/harbour", filters={"tag": "harbour", "language": "ar"})
    partner.make("/withdrawn", events=["article.withdrawn"])
    office.publish(tags=["harbour"], language="en")
    seq = office.publish(tags=["harbour"], language="ar", headline="المرفأ")
    office.paper.newsroom.withdraw(seq)
    office.work()
    office.told(2, "/harbour")
    office.rest()
    assert [json.loads(each.body)["data"].get("headline") for each in office.told(1, "/withdrawn")] == [None]
    assert [json.loads(each.body)["type"][14:] for each in office.told(2, "/harbour")] == [
        "article.published",
        "article.withdrawn",
    ]


def test_after_a_rotation_both_secrets_sign_for_a_day(office: HubOffice, partner: Partner) -> None:
    old = partner.make()
    new = dict(partner.ask("POST", f"/{old['id']}/rotate").json)  # type: ignore[arg-type]
    assert new["secret"] != old["secret"]
    office.publish()
    (during,) = office.told(1, PATH)
    assert verified(old["secret"], during) == verified(new["secret"], during)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    with office.db.write() as session:
        session.execute(update(Webhook).values(previous_until=db_now() - 1))
    office.publish()
    after = office.told(2, PATH)[1]
    verified(new["secret"], after)
    with pytest.raises(WebhookVerificationError):
        verified(old["secret"], after)


@pytest.mark.databases("sqlite")
def test_a_secret_is_shown_once(partner: Partner) -> None:
    made = partner.make()
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    assert "secret" not in partner.look(made)
    assert made["secret"] not in partner.ask("GET").text


def test_a_failed_delivery_is_repeated_under_the_same_id(
    office: HubOffice, partner: Partner, subscribers: Subscribers
) -> None:
    webhook = partner.make()
    subscribers.behaviours[PATH] = lambda _: says(500)
    office.publish()
    office.told(1, PATH)
    office.rest()
    look = partner.look(webhook)
    assert look["failing_since"] is not None
    assert (look["state"], look["waiting"]) == ("enabled", 1)
    subscribers.behaviours.clear()
    partner.retry()
    first, second = office.told(2, PATH)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == partner.log(webhook)[0]["message_id"]
    assert [each.headers["webhook-attempt"] for each in (first, second)] == ["1", "2"]
    assert partner.look(webhook)["failing_since"] is None
    (entry,) = partner.log(webhook)
    assert entry["state"] == "delivered"
    assert [each["status"] for each in entry["attempts"]] == [500, 200]


@pytest.mark.databases("sqlite")
def test_the_time_a_receiver_asks_for_is_given_to_it(
    office: HubOffice, partner: Partner, subscribers: Subscribers
) -> None:
    partner.make()
    subscribers.behaviours[PATH] = lambda _: says(503, Retry_After="1000")
    office.publish()
    office.told(1, PATH)
    office.rest()
    with office.db.read() as session:
        open_rows = select(OutboxRow.due_at - db_now()).where(
            OutboxRow.listener == PUSH_SEND_WEBHOOK.name, OutboxRow.due_at.is_not(None)
        )
        assert 900 < (session.scalar(open_rows) or 0) <= 1000


def test_410_ends_a_webhook_at_once(office: HubOffice, partner: Partner, subscribers: Subscribers) -> None:
    webhook = partner.make()
    subscribers.behaviours[PATH] = lambda _: says(410)
    office.publish()
    office.told(1, PATH)
    office.rest()
    look = partner.look(webhook)
    assert (look["state"], look["reason"]) == ("disabled", "The receiver answered 410 Gone.")
    office.publish()
    office.rest()
    assert len(office.told(1, PATH)) == 1


def test_five_days_of_failure_end_a_webhook_and_its_owner_may_enable_it_again(
    office: HubOffice, partner: Partner, subscribers: Subscribers
) -> None:
    webhook = partner.make()
    subscribers.behaviours[PATH] = lambda _: says(502)
    office.publish()
    office.told(1, PATH)
    office.rest()
    with office.db.write() as session:
        session.execute(update(Webhook).values(failing_since=db_now() - 5 * DAY - 1))
    partner.retry()
    look = partner.look(webhook)
    assert look["state"] == "disabled"
    assert look["reason"] == "Nothing could be delivered for 5 days; at last: HTTP 502"
    assert look["deliveries"][0]["state"] == "failed"
    subscribers.behaviours.clear()
    assert partner.ask("PATCH", f"/{webhook['id']}", {"state": "enabled"}).json["reason"] is None  # type: ignore[index]
    office.publish()
    assert len(office.told(3, PATH)) == 3


@pytest.mark.databases("sqlite")
def test_a_receiver_that_refuses_an_event_is_believed_after_four_attempts(
    office: HubOffice, partner: Partner, subscribers: Subscribers
) -> None:
    webhook = partner.make()
    subscribers.behaviours[PATH] = lambda _: says(422)
    office.publish()
    office.told(1, PATH)
    for _ in range(4):
        office.rest()
        partner.retry()
    assert len(office.told(1, PATH)) == 4
    assert partner.log(webhook)[0]["state"] == "failed"


@pytest.mark.databases("sqlite")
def test_while_paused_events_wait(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    partner.ask("PATCH", f"/{webhook['id']}", {"state": "paused"})
    office.publish()
    office.rest()
    assert (partner.look(webhook)["waiting"], office.subscribers.deliveries(PATH)) == (1, [])
    partner.ask("PATCH", f"/{webhook['id']}", {"state": "enabled"})
    office.told(1, PATH)


def test_a_delivery_and_everything_since_a_time_can_be_replayed(office: HubOffice, partner: Partner) -> None:
    office.publish(headline="Before the webhook")
    office.rest()
    webhook = partner.make()
    office.publish(headline="After")
    office.told(1, PATH)
    office.rest()
    (entry,) = partner.log(webhook)
    assert partner.ask("POST", f"/{webhook['id']}/deliveries/{entry['id']}/replay").status_code == 202
    first, second = office.told(2, PATH)
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    office.rest()
    since = (office.paper.clock.now() - timedelta(hours=1)).isoformat()
    assert partner.ask("POST", f"/{webhook['id']}/replay", {"since": since}).json == {"scheduled": 2}
    headlines = [json.loads(each.body)["data"]["headline"] for each in office.told(4, PATH)]
    assert sorted(headlines[2:]) == ["After", "Before the webhook"]
    later = (office.paper.clock.now() + timedelta(hours=1)).isoformat()
    assert partner.ask("POST", f"/{webhook['id']}/replay", {"since": later}).json == {"scheduled": 0}


def test_a_replay_tells_no_words_that_were_withdrawn(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make(events=["article.published"])
    seq = office.publish(headline="Zanzibar headline", summary="Zanzibar")
    office.told(1, PATH)
    office.rest()
    office.paper.newsroom.withdraw(seq)
    office.work()
    partner.ask("POST", f"/{webhook['id']}/replay", {"since": (office.paper.clock.now() - timedelta(1)).isoformat()})
    body = office.told(2, PATH)[1].body
    assert b"anzibar" not in body
    assert json.loads(body)["data"].keys() == {"id", "url", "withdrawn_at"}


@pytest.mark.databases("sqlite")
def test_a_test_can_be_asked_for(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    assert partner.ask("POST", f"/{webhook['id']}/test").status_code == 202
    told = verified(webhook["secret"], office.told(1, PATH)[0])
    assert told["type"] == "news.masthead.webhook.test"


def test_a_task_that_runs_twice_sends_once(office: HubOffice, partner: Partner) -> None:
    partner.make()
    office.publish()
    office.told(1, PATH)
    office.rest()
    with office.db.write() as session:
        rows = session.scalars(select(OutboxRow.id).where(OutboxRow.listener == PUSH_SEND_WEBHOOK.name)).all()
        session.execute(update(OutboxRow).where(OutboxRow.id.in_(rows)).values(state="dead"))
    for row in rows:
        with office.db.write() as session:
            replay(session, row)
    office.rest()
    assert len(office.told(1, PATH)) == 1


def test_a_burst_takes_a_few_turns_at_a_time_and_all_of_it_arrives(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    partner.ask("PATCH", f"/{webhook['id']}", {"state": "paused"})
    office.paper.newsroom.publish_many([{} for _ in range(60)])
    office.work()
    office.rest()
    partner.ask("PATCH", f"/{webhook['id']}", {"state": "enabled"})
    with office.db.read() as session:
        turns = session.scalars(select(WebhookDelivery.id).where(WebhookDelivery.turn.is_not(None))).all()
    assert len(turns) == TURNS
    received = office.told(60, PATH)
    ids = [int(json.loads(each.body)["id"]) for each in received]
    assert len(set(ids)) == len(ids) == 60
    assert len({each.headers["webhook-id"] for each in received}) == 60


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (lambda _: 60.0, "did not answer within"),
        (lambda _: ENDLESS, ""),
        (lambda _: says(302, Location="http://169.254.169.254/latest"), "HTTP 302"),
        (lambda _: b"garbage\r\n\r\n", "gave no usable answer"),
    ],
    ids=["never answers", "endless body", "redirects to a private address", "no HTTP"],
)
def test_a_broken_receiver_holds_up_no_other(
    behaviour: Callable[[Received], bytes | float],
    reason: str,
    office: HubOffice,
    partner: Partner,
    subscribers: Subscribers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.engine.DEADLINE", 1.0)
    broken = partner.make("/broken")
    partner.make()
    subscribers.behaviours["/broken"] = behaviour
    office.publish()
    office.told(1, PATH)
    office.told(1, "/broken")
    attempts = office.until(lambda: partner.log(broken)[0]["attempts"])
    assert reason in attempts[0]["reason"]
    assert subscribers.sent < 50_000_000
    assert [each.path for each in subscribers.received if each.path not in ("/broken", PATH)] == []


@pytest.mark.databases("sqlite")
def test_an_address_that_would_not_be_called_is_refused_at_once(partner: Partner) -> None:
    made = partner.make()
    for url in [
        "http://10.0.0.1/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/hook",
        "http://[::1]/hook",
        "http://2130706433/",
        "http://0x7f.1/",
        "https://user:secret@example.com/",
        "https://example.com:22/",
        "https://courier.example/feed.rss",
        "https://push.example/hub",
        "ftp://example.com/",
        "https://",
        "https://exa mple.com/",
        "https://example.com/" + "a" * 3000,
        "",
        7,
    ]:
        for answer in (
            partner.ask("POST", body={"url": url}),
            partner.ask("PATCH", f"/{made['id']}", {"url": url}),
        ):
            assert [each["pointer"] for each in problem(answer, 422)["errors"]] == ["/url"], url


@pytest.mark.databases("sqlite")
def test_wrong_fields_are_refused_with_their_place(partner: Partner) -> None:
    made = partner.make()
    wrong: list[tuple[str, Any, str]] = [
        ("filters", {"colour": "red"}, "/filters"),
        ("filters", {"tag": ""}, "/filters"),
        ("filters", {"tag": "x" * 300}, "/filters/tag"),
        ("filters", ["tag"], "/filters"),
        ("events", [], "/events"),
        ("events", ["article.sold"], "/events/0"),
        ("events", "article.published", "/events"),
        ("description", "\x00", "/description"),
        ("state", "disabled", "/state"),
        ("secret", "whsec_mine", "/secret"),
    ]
    for field, value, pointer in wrong:
        found = problem(partner.ask("PATCH", f"/{made['id']}", {field: value}), 422)
        assert pointer in [each["pointer"] for each in found["errors"]], field


@pytest.mark.databases("sqlite")
def test_a_body_that_is_no_webhook_is_refused(partner: Partner) -> None:
    long = b'{"url": "' + b"a" * 30_000 + b'"}'
    for body, status in [(b"{", 400), (b"[]", 422), (b"{}", 422), (long, 413), (b"\xff", 400), (b"[" * 10_000, 400)]:
        problem(partner.ask("POST", data=body, content_type="application/json"), status)
    problem(partner.ask("POST", data=b"url=x", content_type="application/x-www-form-urlencoded"), 415)


def test_webhooks_of_others_are_not_there(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    office.publish()
    office.told(1, PATH)
    office.rest()
    number = partner.log(webhook)[0]["id"]
    other = Partner(office, "Other")
    assert other.ask("GET").json == {"webhooks": []}
    place = f"/{webhook['id']}"
    for method, path, body in [
        ("GET", place, None),
        ("PATCH", place, {"state": "paused"}),
        ("DELETE", place, None),
        ("POST", f"{place}/rotate", None),
        ("POST", f"{place}/test", None),
        ("GET", f"{place}/deliveries", None),
        ("POST", f"{place}/deliveries/{number}/replay", None),
        ("POST", f"{place}/replay", {"since": NOW.isoformat()}),
    ]:
        problem(other.ask(method, path, body), 404)
    mine = other.make("/other")
    problem(other.ask("POST", f"/{mine['id']}/deliveries/{number}/replay"), 404)
    assert partner.look(webhook)["state"] == "enabled"


@pytest.mark.databases("sqlite")
def test_without_a_key_there_is_nothing(partner: Partner) -> None:
    for authorization in ("", "Bearer", "Bearer mh_aaaaaaaa_" + "x" * 43, "Basic eDp5"):
        answer = partner.ask("GET", headers={"Authorization": authorization})
        problem(answer, 401)
        assert "WWW-Authenticate" in answer.headers


def test_the_log_is_read_page_by_page_and_forgets_what_is_old(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    for _ in range(5):
        office.publish()
    office.told(5, PATH)
    office.rest()
    seen: list[int] = []
    path = f"/{webhook['id']}/deliveries?limit=2"
    while path:
        page = partner.ask("GET", path).json
        assert page is not None
        seen += [each["id"] for each in page["deliveries"]]
        path = page["next"].partition("/v1/webhooks")[2] if page["next"] else ""
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5
    with office.db.write() as session:
        old = WebhookDelivery.id.in_(seen[1:])
        session.execute(update(WebhookDelivery).where(old).values(created_at=db_now() - 31 * DAY))
    office.duties.pulse()
    assert [each["id"] for each in partner.log(webhook)] == seen[:1]


@pytest.mark.databases("sqlite")
def test_wrong_parameters_of_the_log_are_refused(partner: Partner) -> None:
    made = partner.make()
    for query in ("before=x", "limit=0", "limit=501", "before=" + "9" * 30, "limit=-1"):
        problem(partner.ask("GET", f"/{made['id']}/deliveries?{query}"), 400)


def test_what_is_deleted_is_gone_with_its_log(office: HubOffice, partner: Partner) -> None:
    webhook = partner.make()
    office.publish()
    office.told(1, PATH)
    office.rest()
    assert partner.ask("DELETE", f"/{webhook['id']}").status_code == 204
    problem(partner.ask("GET", f"/{webhook['id']}"), 404)
    office.publish()
    office.rest()
    with office.db.read() as session:
        assert session.scalars(select(WebhookDelivery.id)).all() == []
        assert session.scalars(select(Event.id).where(Event.name == "WebhookScheduled")).all()


@pytest.mark.databases("sqlite")
def test_an_owner_has_at_most_fifty(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.push.webhook_desk.MOST_WEBHOOKS", 2)
    partner.make()
    partner.make()
    problem(partner.ask("POST", body={"url": partner.office.subscribers.url()}), 409)


def test_an_event_costs_one_query_where_there_are_no_webhooks(office: HubOffice) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "webhook" in statement and "outbox" not in statement:
            statements.append(statement)

    event.listen(office.duties.db.engine, "before_cursor_execute", note)
    office.publish()
    office.rest()
    assert [each.partition(" ")[0] for each in statements] == ["SELECT"]
