"""Two workers hold different rows of the same article at once: what is done is done once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.count.tasks import CountTasks
from services.enrich import tasks as enriching
from services.enrich.pipeline import Context, Enriched, enrich
from services.enrich.tasks import EnrichTasks
from services.social.networks import NETWORKS
from shared import bus, crash, outbox
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.events import ArticleUpdated
from shared.installation import installation_id
from shared.listeners import BY_NAME, COUNT_ARTICLE, ENRICH_ARTICLE, SOCIAL_DRAW, SOCIAL_PLAN, SOCIAL_WITHDRAW
from shared.models import Article, Event, OutboxRow, SocialAccount
from shared.publication import TEMPLATE, load_publication
from shared.settings import Settings
from shared.submission import Submission
from tests.networks.server import NetworkServer
from tests.newsroom import Newsroom, claim, work
from tests.office import told
from tests.paper import Paper
from tests.social import SocialDesk, social_desk
from tests.system import wait_for
from tests.valkey import valkey


def claim_each(db: Database, listener: str) -> list[outbox.Claim]:
    """Claims every open row of a listener for a worker of its own."""
    with db.write() as session:
        rows = session.execute(
            select(OutboxRow.id, Event.name, Event.article_seq, Event.version)
            .join(Event, Event.id == OutboxRow.event_id)
            .where(OutboxRow.listener == listener, OutboxRow.due_at.is_not(None))
            .order_by(OutboxRow.id)
        ).all()
        for row in session.scalars(select(OutboxRow).where(OutboxRow.id.in_([each.id for each in rows]))):
            row.state, row.attempt = "claimed", 1
    return [outbox.Claim(BY_NAME[listener], 1, (outbox.Row(*row),)) for row in rows]


def events(session: Session) -> dict[tuple[str, int], int]:
    found = select(Event.name, Event.version, func.count()).group_by(Event.name, Event.version)
    return {(name, version): count for name, version, count in session.execute(found)}


def test_a_version_is_enriched_once_though_two_rows_ask_for_it(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = Newsroom(db)
    seq = newsroom.accept()
    with db.write() as session:
        edited = session.get_one(Article, seq)
        edited.version, edited.updated_at = 2, edited.updated_at + timedelta(minutes=1)
        outbox.record(session, [ArticleUpdated(seq, 2, edited.updated_at)])
    publication = load_publication(TEMPLATE)
    tasks = EnrichTasks(db, publication, Clock())
    accepted, updated = claim_each(db, ENRICH_ARTICLE.name)

    def while_the_other_is_faster(submission: Submission, context: Context) -> Enriched:
        monkeypatch.setattr(enriching, "enrich", enrich)
        tasks.article(updated)
        return enrich(submission, context)

    monkeypatch.setattr(enriching, "enrich", while_the_other_is_faster)
    tasks.article(accepted)
    with db.read() as session:
        assert events(session)["ArticleEnriched", 2] == 1
        assert set(session.scalars(select(OutboxRow.state).where(OutboxRow.listener == ENRICH_ARTICLE.name))) == {
            "done"
        }


@pytest.mark.databases("postgresql")
def test_two_counters_of_one_article_count_it_once(db: Database) -> None:
    newsroom = Newsroom(db)
    seq = newsroom.publish(tags=["Budget"])
    with valkey() as url, ThreadPoolExecutor(2) as pool:
        counters = Counters(bus.connect(Settings(redis_url=url)), db, installation_id(db))
        tasks = CountTasks(db, counters, Clock())
        (first,) = claim_each(db, COUNT_ARTICLE.name)
        tasks.recount(first)
        newsroom.edit(seq, tags=["Weather"])
        newsroom.edit(seq, tags=["Elections"])
        with db.write() as session:
            session.execute(select(Article).with_for_update())
            under_way = [pool.submit(tasks.recount, each) for each in claim_each(db, COUNT_ARTICLE.name)]
            wait_for(lambda: _waiting(db) == 2, what="both wait for the article")
        for each in under_way:
            each.result(timeout=30)
        found = counters.mirrored()
    assert found is not None
    assert {name: count for name, count in found.items() if name.startswith("tag:")} == {"tag:elections": 1}


@pytest.fixture
def desk(paper: Paper, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first turn that ends tells so by the first event, and is committed once the second one is set."""
    ended, go = threading.Event(), threading.Event()

    def reach(here: str) -> None:
        ends = here == "social.before_commit" and threading.current_thread().name == "collector"
        if ends and not ended.is_set():
            ended.set()
            go.wait(30)

    monkeypatch.setattr(crash, "reach", reach)
    yield ended, go
    go.set()


def shown(desk: SocialDesk) -> None:
    """Pages and cards are ready; nothing is planned yet."""
    work(desk.db, {**desk.paper.handlers, SOCIAL_DRAW.name: desk.duties.handlers[SOCIAL_DRAW.name]})


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("listener", [SOCIAL_PLAN.name, SOCIAL_WITHDRAW.name])
def test_an_edit_that_ends_and_what_is_decided_about_its_post_never_wait_for_each_other(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch, listener: str
) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    network = NETWORKS["mastodon"]
    called, answers, edit = threading.Event(), threading.Event(), network.edit

    def edit_slowly(*args: Any) -> Any:
        called.set()
        answers.wait(30)
        return edit(*args)

    monkeypatch.setattr(network, "edit", edit_slowly)
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until(called.is_set)
    with ThreadPoolExecutor(1) as pool:
        with desk.db.write() as session:
            session.execute(select(SocialAccount).with_for_update())
            answers.set()
            wait_for(lambda: _waiting(desk.db) == 1, what="the edit's end waits for the account")
            if listener == SOCIAL_PLAN.name:
                desk.paper.newsroom.edit(seq, headline="Harbour is open")
                shown(desk)
            else:
                desk.paper.newsroom.withdraw(seq)
            decided = pool.submit(desk.duties.handlers[listener], claim(desk.db, listener, seq))
            wait_for(lambda: _waiting(desk.db) == 2, what="the decision waits for the account")
        decided.result(timeout=30)
    desk.rest()
    (post,) = desk.posts()
    if listener == SOCIAL_PLAN.name:
        assert (post.state, post.version) == ("edited", 3)
        assert [text.split("\n")[0] for text in mastodon.texts()] == ["Harbour is open"]
    else:
        assert post.state == "deleted" and mastodon.posts == []


@pytest.mark.databases("postgresql")
def test_a_post_that_is_planned_while_its_account_ends_a_turn_has_a_turn_of_its_own(
    desk: SocialDesk, mastodon: NetworkServer, ending: tuple[threading.Event, threading.Event]
) -> None:
    ended, go = ending
    desk.add(mastodon)
    desk.publish(headline="First")
    desk.until(ended.is_set)
    seq = desk.publish(headline="Second")
    shown(desk)
    with ThreadPoolExecutor(1) as pool:
        planned = pool.submit(desk.duties.handlers[SOCIAL_PLAN.name], claim(desk.db, SOCIAL_PLAN.name, seq))
        wait_for(lambda: _waiting(desk.db) == 1, what="who plans has read the account, and waits for it")
        go.set()
        planned.result(timeout=30)
    desk.until_states("sent", "sent")


@pytest.mark.databases("postgresql")
def test_a_person_who_holds_an_account_while_it_ends_a_turn_takes_nothing_of_it_back(
    desk: SocialDesk, mastodon: NetworkServer, ending: tuple[threading.Event, threading.Event]
) -> None:
    ended, go = ending
    desk.add(mastodon, choice={"gap_minutes": 60})
    desk.publish(headline="First")
    desk.until(ended.is_set)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(told, "accounts", "hold", "mastodon")
        wait_for(lambda: _waiting(desk.db) == 1, what="the person waits for the turn's end")
        go.set()
        held.result(timeout=30)
    desk.publish(headline="Second")
    desk.rest()
    assert [post.state for post in desk.posts()] == ["sent", "held"]
    assert desk.account("mastodon").state == "held" and len(mastodon.posts) == 1


def _waiting(db: Database) -> int:
    """Sessions that wait for a lock, in this database."""
    with db.read() as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return int(session.scalar(text(query)) or 0)
