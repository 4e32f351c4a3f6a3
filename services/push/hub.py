"""The hub's door (WebSub, section 5) and the small rssCloud door beside it. Answers are plain text, as the REC says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from services.push import rsscloud, subscriptions
from services.push.subscribing import Desk, Form
from services.push.verifying import Requests
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused
from shared.models import Feed

HUB_PATH = "/hub"
RSSCLOUD_PATH = "/rsscloud/pleaseNotify"
LONGEST_FORM = 20_000
FORM = "application/x-www-form-urlencoded"
# Topics that one ping of a publisher may name.
MOST_PINGED = 20


@dataclass(frozen=True)
class Hub:
    """What the views need. `nudge` tells relay to look."""

    desk: Desk
    requests: Requests
    db: Database
    clock: Clock
    nudge: Callable[[], None]

    def subscribe(self, form: Form, client: str) -> None:
        self.requests.take(self.desk.websub(form), client)
        self.nudge()

    def notify(self, form: Form, client: str) -> None:
        self.requests.take(rsscloud.read(form, client, self.desk), client)
        self.nudge()

    def ping(self, form: Form) -> None:
        """A publisher says that its feeds have changed. We know already; a look does no harm."""
        urls = [*form.get("hub.url", ()), *form.get("hub.topic", ())]
        if not 1 <= len(urls) <= MOST_PINGED:
            raise Refused(f"hub.mode=publish needs hub.url, 1 to {MOST_PINGED} of them.")
        slices = {subscriptions.slice_of(self.desk.topic(url).path) for url in urls}
        with self.db.read() as session:
            behind = subscriptions.any_behind(session, Feed.slice.in_(slices))
        if behind:
            with self.db.write() as session:
                subscriptions.schedule_behind(session, self.clock.now(), Feed.slice.in_(slices))
            self.nudge()


def make_hub_views(hub: Hub) -> Blueprint:
    """POST and GET /hub, POST /rsscloud/pleaseNotify."""
    views = Blueprint("hub", __name__)

    @views.get(HUB_PATH)
    def about() -> Response:
        base = hub.desk.publication.base_url
        return _plain(
            f"This is the WebSub hub of {hub.desk.publication.name}.\n\n"
            f"Subscribe to a feed of {base}/ (the address in its rel=self) with a POST of hub.mode=subscribe,\n"
            "hub.topic and hub.callback to this address: https://www.w3.org/TR/websub/\n"
        )

    @views.post(HUB_PATH)
    def ask() -> Response:
        form = _form()
        if form.get("hub.mode") == ["publish"]:
            hub.ping(form)
            return _plain("", 204)
        hub.subscribe(form, request.remote_addr or "")
        return _plain("", 202)

    @views.post(RSSCLOUD_PATH)
    def please_notify() -> Response:
        hub.notify(_form(), request.remote_addr or "")
        return Response(rsscloud.RESULT, content_type="text/xml; charset=utf-8")

    @views.after_app_request
    def in_plain_text(response: Response) -> Response:
        """Errors of these addresses, wherever they arose, are sentences for a subscriber's log."""
        if request.path in (HUB_PATH, RSSCLOUD_PATH) and response.mimetype == "application/problem+json":
            found = json.loads(response.get_data())
            response.set_data(f"{found['detail'] or found['title']}\n")
            response.content_type = "text/plain; charset=utf-8"
        return response

    return views


def _form() -> Form:
    """The parameters, each with all its values. Raises Refused for what is no small form."""
    if request.mimetype != FORM:
        raise Refused(f"Send a form: Content-Type {FORM}.", status=415)
    request.max_content_length = request.max_form_memory_size = LONGEST_FORM
    try:
        return request.form.to_dict(flat=False)
    except HTTPException as error:
        raise Refused(f"The form cannot be read, or has more than {LONGEST_FORM} bytes.", status=error.code) from error


def _plain(text: str, status: int = 200) -> Response:
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
