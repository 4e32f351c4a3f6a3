"""Cards are drawn once, when they are news or wanted, and served for ever; never those of what was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from lxml import html
from PIL import Image
from sqlalchemy import delete, select

from services.feed import card_pictures
from services.social import card_tasks
from services.social.card_tasks import CardTasks
from services.social.cards.drawing import DrawingFailed, draw
from shared import outbox
from shared.cards import Card
from shared.events import CardWanted
from shared.listeners import SOCIAL_DRAW
from shared.models import Card as CardRow
from shared.models import Enrichment, Event, OutboxRow
from shared.publication import load_publication
from tests.factories import NOW
from tests.newsroom import claim, let_pass, work
from tests.paper import BASE, BROWSER, Paper, Replica
from tests.system import wait_for

LONG_AGO = NOW - timedelta(days=8)
IMAGE = {"url": "https://example.org/a.jpg", "alt": "A ship", "credit": ""}


class Drawing:
    """The social worker's part in cards."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.tasks = CardTasks(paper.db, load_publication(Path("nowhere")), paper.clock)
        paper.handlers = {**paper.handlers, SOCIAL_DRAW.name: self.tasks.draw}

    def work(self) -> None:
        self.paper.work()

    def want(self, seq: int) -> None:
        with self.paper.db.write() as session:
            outbox.record(session, [CardWanted(seq, 1, NOW)])

    def names(self, seq: int) -> list[str]:
        with self.paper.db.read() as session:
            query = select(CardRow.name).where(CardRow.article_seq == seq).order_by(CardRow.drawn_at)
            return list(session.scalars(query))

    def rows(self, *, event: str = "") -> list[tuple[str, int, str | None]]:
        """State, attempt and reason of the rows of social.draw."""
        query = select(OutboxRow).join(Event, Event.id == OutboxRow.event_id)
        mine = query.where(OutboxRow.listener == SOCIAL_DRAW.name).order_by(OutboxRow.id)
        with self.paper.db.read() as session:
            found = session.scalars(mine.where(Event.name == event) if event else mine)
            return [(row.state, row.attempt, row.reason) for row in found]


@pytest.fixture
def drawing(paper: Paper) -> Iterator[Drawing]:
    yield Drawing(paper)


def page_names(replica: Replica, path: str) -> dict[str, str]:
    root = html.fromstring(replica.get(path).data)
    found = {meta.get("property") or meta.get("name"): meta.get("content") for meta in root.xpath("//meta")}
    return {name: value for name, value in found.items() if name and ("image" in name or "card" in name)}


def address(replica: Replica, path: str) -> str:
    """The path of the card that a page names."""
    return page_names(replica, path)["og:image"].removeprefix(BASE)


# Drawing


@pytest.mark.databases("sqlite")
def test_news_without_a_picture_gets_a_card_at_once_and_only_once(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Card] = []
    monkeypatch.setattr(card_tasks, "draw", lambda card: drawn.append(card) or draw(card))
    newsroom = drawing.paper.newsroom
    plain = newsroom.publish(headline="Harbour reopens")
    pictured = newsroom.publish(image=IMAGE)
    old = newsroom.publish(published_at=LONG_AGO)
    drawing.work()
    assert len(drawing.names(plain)) == 1
    assert drawing.names(pictured) == drawing.names(old) == []
    drawing.tasks.draw(claim(drawing.paper.db, SOCIAL_DRAW.name, plain, pictured, old))
    assert [card.headline for card in drawn] == ["Harbour reopens"]
    assert {state for state, _, _ in drawing.rows()} == {"done"}


def test_a_withdrawn_article_is_not_drawn_also_when_that_comes_in_between(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom = drawing.paper.newsroom
    before, meanwhile = newsroom.publish(), newsroom.publish(headline="Drawn too late")
    newsroom.withdraw(before)

    def withdraw_and_draw(card: Card) -> bytes:
        newsroom.withdraw(meanwhile)
        return draw(card)

    monkeypatch.setattr(card_tasks, "draw", withdraw_and_draw)
    drawing.work()
    assert drawing.names(before) == drawing.names(meanwhile) == []
    assert {state for state, _, _ in drawing.rows()} == {"done"}


def test_an_edit_gets_another_card_and_the_older_one_stays_for_a_week(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish(headline="Harbour reopens")
    drawing.work()
    (first,) = drawing.names(seq)
    paper.newsroom.edit(seq, summary="Nothing that the card shows.")
    drawing.work()
    assert drawing.names(seq) == [first]

    paper.newsroom.edit(seq, headline="Harbour reopens late")
    drawing.work()
    first_again, second = drawing.names(seq)
    assert first_again == first != second
    paper.newsroom.edit(seq, headline="Harbour reopens at last")
    drawing.work()
    assert drawing.names(seq)[:2] == [first, second]

    paper.clock.move(days=8)
    with paper.db.write() as session:
        session.get_one(Enrichment, seq).published_at = paper.clock.now()
    paper.newsroom.edit(seq, headline="Harbour reopens again")
    drawing.work()
    assert len(drawing.names(seq)) == 2, "the newest, and the one it followed just now"
    assert not {first, second} & set(drawing.names(seq))


@pytest.mark.databases("sqlite")
def test_one_that_cannot_be_drawn_harms_no_other(drawing: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_most(card: Card) -> bytes:
        if card.headline == "Bad":
            raise DrawingFailed("the typesetter panicked")
        return draw(card)

    monkeypatch.setattr(card_tasks, "draw", draw_most)
    good, bad = drawing.paper.newsroom.publish(headline="Good"), drawing.paper.newsroom.publish(headline="Bad")
    drawing.work()
    assert len(drawing.names(good)) == 1
    assert drawing.rows() == [("done", 1, None), ("waiting", 1, "DrawingFailed: the typesetter panicked")]
    for _ in range(outbox.MOST_ATTEMPTS):
        let_pass(drawing.paper.db, SOCIAL_DRAW.name)
        drawing.work()
    assert [state for state, _, _ in drawing.rows()] == ["done", "dead"]
    assert drawing.names(bad) == []


# Serving


@pytest.mark.databases("sqlite")
def test_a_page_names_the_card_with_its_size_whether_it_is_drawn_or_not(drawing: Drawing) -> None:
    paper = drawing.paper
    plain = paper.newsroom.publish(headline="Harbour “reopens”", section="World", published_at=LONG_AGO)
    pictured = paper.newsroom.publish(image=IMAGE)
    drawing.work()
    replica = paper.replica()
    before = replica.get(paper.path(plain)).data
    assert page_names(replica, paper.path(plain)) == {
        "og:image": BASE + address(replica, paper.path(plain)),
        "og:image:type": "image/png",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "Harbour “reopens”",
        "twitter:card": "summary_large_image",
    }
    assert page_names(replica, paper.path(pictured))["og:image"] == IMAGE["url"]
    assert drawing.names(plain) == []
    drawing.want(plain)
    drawing.work()
    assert address(replica, paper.path(plain)) == f"/cards/{drawing.names(plain)[0]}.png"
    assert paper.replica().get(paper.path(plain)).data == before


@pytest.mark.databases("sqlite")
def test_a_card_is_served_for_ever_with_a_strong_tag(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish()
    drawing.work()
    replica = paper.replica()
    path = address(replica, paper.path(seq))
    answer = replica.get(path, accept_encoding="br")
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert Image.open(BytesIO(answer.data)).size == (1200, 630)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"].startswith('"') and "Content-Encoding" not in answer.headers
    again = replica.get(path, if_none_match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    head = replica.head(path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(answer.data)))
    assert paper.replica().get(path).data == answer.data

    with paper.db.write() as session:
        session.execute(delete(CardRow))
    assert replica.get(path).data == answer.data, "from memory"


@pytest.mark.databases("sqlite")
def test_an_older_card_is_served_and_leads_to_the_newest_once_it_is_gone(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish()
    drawing.work()
    replica = paper.replica()
    old = address(replica, paper.path(seq))
    paper.newsroom.edit(seq, headline="Harbour reopens late")
    drawing.work()
    new = address(replica, paper.path(seq))
    assert replica.get(old).status_code == replica.get(new).status_code == 200

    with paper.db.write() as session:
        session.execute(delete(CardRow).where(CardRow.name == old.removeprefix("/cards/").removesuffix(".png")))
    other = paper.replica()
    for path in (old, new.rpartition("-")[0] + f"-{'0' * 16}.png"):
        answer = other.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, BASE + new)
        assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.databases("sqlite")
def test_the_card_of_a_withdrawn_article_is_gone_also_from_memory(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish()
    drawing.work()
    replica = paper.replica()
    path = address(replica, paper.path(seq))
    assert replica.get(path).status_code == 200
    paper.newsroom.withdraw(seq)
    assert replica.get(path).status_code == 410, "before the notice is placed"
    drawing.work()
    answer = replica.get(path, accept=BROWSER)
    assert (answer.status_code, answer.content_type) == (410, "text/html; charset=utf-8")
    assert replica.head(path).status_code == 410


@pytest.mark.databases("sqlite")
def test_there_is_no_card_where_there_is_no_article_or_a_picture(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish()
    drawing.work()
    replica = paper.replica()
    (name,) = drawing.names(seq)
    for nothing in (f"/cards/9999999999-{name[11:]}.png", "/cards/x.png", f"/cards/{name}.jpg", f"/cards/{name}"):
        assert replica.get(nothing).status_code == 404
    with paper.db.write() as session:
        session.execute(delete(CardRow))
    paper.newsroom.edit(seq, image=IMAGE)
    drawing.work()
    assert replica.get(f"/cards/{name}.png").status_code == 404
    assert drawing.rows(event="CardWanted") == []


def test_an_old_article_gets_its_card_when_somebody_asks_for_it(drawing: Drawing) -> None:
    paper = drawing.paper
    seq = paper.newsroom.publish(published_at=LONG_AGO)
    drawing.work()
    replica = paper.replica()
    path = address(replica, paper.path(seq))
    with ThreadPoolExecutor() as readers:
        asked = readers.submit(replica.get, path)
        wait_for(lambda: drawing.rows(event="CardWanted"))
        work(paper.db, paper.handlers)
        assert asked.result().status_code == 200
    assert len(drawing.names(seq)) == 1


def test_a_burst_asks_once_waits_with_few_threads_and_tells_the_others_to_come_back(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_pictures, "PATIENCE", 60.0)
    paper = drawing.paper
    seq = paper.newsroom.publish(published_at=LONG_AGO)
    drawing.work()
    replicas = [paper.replica(MASTHEAD_FEED_THREADS="8"), paper.replica(MASTHEAD_FEED_THREADS="8")]
    path = address(replicas[0], paper.path(seq))
    with ThreadPoolExecutor(20) as readers:
        asked = [readers.submit(replica.get, path) for replica in replicas for _ in range(10)]
        wait_for(lambda: sum(each.done() for each in asked) == 16)
        assert {each.result().status_code for each in asked if each.done()} == {503}
        assert {each.result().headers["Retry-After"] for each in asked if each.done()} == {"5"}
        assert len(drawing.rows(event="CardWanted")) == 1
        work(paper.db, paper.handlers)
        assert sorted(each.result().status_code for each in asked) == [200] * 4 + [503] * 16
    assert [replica.get(path).status_code for replica in replicas] == [200, 200]
    assert len(drawing.names(seq)) == 1


@pytest.mark.databases("sqlite")
def test_a_card_that_does_not_come_is_not_asked_for_with_every_request(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_pictures, "PATIENCE", 0.0)
    paper = drawing.paper
    seq = paper.newsroom.publish(published_at=LONG_AGO)
    drawing.work()
    replica = paper.replica()
    path = address(replica, paper.path(seq))
    assert [replica.get(path).status_code for _ in range(3)] == [503] * 3
    with paper.db.write() as session:  # a worker of another configuration drew another card
        session.execute(delete(OutboxRow))
    assert replica.get(path).status_code == 503
    assert drawing.rows() == []
    monkeypatch.setattr(card_pictures, "ASK_EVERY", 0.0)
    assert replica.get(path).status_code == 503
    assert drawing.rows() == [("waiting", 0, None)]
