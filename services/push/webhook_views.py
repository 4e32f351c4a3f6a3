"""The addresses of the webhooks' API: read the request, act in webhook_desk.py, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from services.push import webhook_desk, webhook_forms
from services.push.webhook_desk import WebhookDesk
from services.push.webhook_forms import Change, Deliveries, NewWebhook, Scheduled, Shown, Since, Webhooks
from shared.auth import authenticate
from shared.bodies import JSON_TYPES, parse, read_body, whole_number
from shared.db import Database
from shared.limits import Limiter
from shared.models import Webhook

T = TypeVar("T")
AnyModel = TypeVar("AnyModel", bound=BaseModel)

LARGEST_BODY = 20_000
LATEST = 10  # deliveries shown with a webhook
PAGE, LARGEST_PAGE = 50, 500
LARGEST_ID = 2**53 - 1
TITLE = "Not a usable webhook"


@dataclass(frozen=True)
class Parts:
    """What the views work with, built in app.py."""

    db: Database
    desk: WebhookDesk
    limiter: Limiter
    nudge: Callable[[], None]


def make_webhook_views(parts: Parts) -> Blueprint:
    views = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks")
    desk = parts.desk
    home = f"{desk.publication.push_url}{views.url_prefix}"

    def publisher() -> int:
        return authenticate(request, parts.db, parts.limiter).publisher_id

    def write(work: Callable[[Session], T]) -> T:
        with parts.db.write() as session:
            done = work(session)
        parts.nudge()
        return done

    @views.post("")
    def create() -> Response:
        owner = publisher()
        wanted = _body(NewWebhook)
        desk.check_url(wanted.url)
        made = write(lambda session: desk.create(session, owner, wanted))
        response = _answer(webhook_forms.shown(made, 0).model_copy(update={"secret": made.secret}), 201)
        response.headers["Location"] = f"{home}/{made.key}"
        return response

    @views.get("")
    def show_all() -> Response:
        owner = publisher()
        with parts.db.read() as session:
            found = webhook_desk.all_of(session, owner)
            shown = [webhook_forms.shown(each, webhook_desk.waiting(session, each)) for each in found]
        return _answer(Webhooks(webhooks=shown))

    @views.get("/<uuid:key>")
    def show(key: UUID) -> Response:
        owner = publisher()
        with parts.db.read() as session:
            webhook = webhook_desk.find(session, owner, str(key))
            shown = _shown(session, webhook)
            latest = webhook_desk.log(session, webhook, before=LARGEST_ID, limit=LATEST)
            shown.deliveries = [webhook_forms.delivery(webhook, each) for each in latest]
        return _answer(shown)

    @views.patch("/<uuid:key>")
    def change(key: UUID) -> Response:
        owner = publisher()
        wanted = _body(Change)
        if wanted.url is not None:
            desk.check_url(wanted.url)

        def work(session: Session) -> Shown:
            return _shown(session, desk.change(session, owner, str(key), wanted))

        return _answer(write(work))

    @views.delete("/<uuid:key>")
    def remove(key: UUID) -> Response:
        owner = publisher()
        write(lambda session: desk.remove(session, owner, str(key)))
        return Response(status=204)

    @views.post("/<uuid:key>/rotate")
    def rotate(key: UUID) -> Response:
        owner = publisher()

        def work(session: Session) -> Shown:
            rotated = desk.rotate(session, owner, str(key))
            return _shown(session, rotated).model_copy(update={"secret": rotated.secret})

        return _answer(write(work))

    @views.post("/<uuid:key>/test")
    def test(key: UUID) -> Response:
        owner = publisher()
        write(lambda session: desk.test(session, owner, str(key)))
        return _answer(Scheduled(scheduled=1), 202)

    @views.get("/<uuid:key>/deliveries")
    def deliveries(key: UUID) -> Response:
        owner = publisher()
        before = whole_number(request, "before", LARGEST_ID, LARGEST_ID)
        limit = whole_number(request, "limit", PAGE, LARGEST_PAGE)
        with parts.db.read() as session:
            webhook = webhook_desk.find(session, owner, str(key))
            found = webhook_desk.log(session, webhook, before=before, limit=limit)
        more = f"{home}/{key}/deliveries?before={found[-1].id}&limit={limit}" if len(found) == limit else None
        return _answer(Deliveries(deliveries=[webhook_forms.delivery(webhook, each) for each in found], next=more))

    @views.post("/<uuid:key>/deliveries/<int(max=9007199254740991):number>/replay")
    def replay_one(key: UUID, number: int) -> Response:
        owner = publisher()
        done = write(lambda session: desk.replay_one(session, owner, str(key), number))
        return _answer(Scheduled(scheduled=done), 202)

    @views.post("/<uuid:key>/replay")
    def replay(key: UUID) -> Response:
        owner = publisher()
        since = _body(Since).since
        done = write(lambda session: desk.replay(session, owner, str(key), since))
        return _answer(Scheduled(scheduled=done), 202)

    return views


def _shown(session: Session, webhook: Webhook) -> Shown:
    return webhook_forms.shown(webhook, webhook_desk.waiting(session, webhook))


def _body(model: type[AnyModel]) -> AnyModel:
    return parse(model, read_body(request, JSON_TYPES, LARGEST_BODY), "Nothing was changed", title=TITLE)


def _answer(found: Shown | Webhooks | Deliveries | Scheduled, status: int = 200) -> Response:
    response = jsonify(found.as_json())
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    return response
