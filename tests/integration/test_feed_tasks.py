"""Feeds hold each article as it is now, under one id, whatever order and repetition its messages have."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from services.feed.documents import Documents
from services.feed.kept import Kept
from services.feed.record import Record
from services.feed.settings import FeedSettings
from services.feed.story import Document, Story
from services.feed.tasks import FeedTasks
from shared.db import Database, db_now
from shared.listeners import FEED_PUBLISH, FEED_REMOVE_NOTICE, FEED_WITHDRAW
from shared.models import Article, Event, Feed, FeedEntry, OutboxRow, Placement
from shared.outbox import Claim
from shared.publication import load_publication
from shared.slices import ALL, Slice
from shared.topics import Selection
from tests.factories import NOW
from tests.fakes import FakeClock
from tests.newsroom import Handlers, Newsroom, claim, let_pass, work

DAY = Slice("day", "2018-04-20")
WEEK = 7 * 24 * 3600.0


class House:
    """A record, its feed worker, and what a reader of it sees."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock(NOW)
        self.newsroom = Newsroom(db)
        self.announced = 0
        self.tasks = FeedTasks(db, self._announce, self.clock)
        self.handlers: Handlers = {
            FEED_PUBLISH.name: self.tasks.place,
            FEED_WITHDRAW.name: self.tasks.place,
            FEED_REMOVE_NOTICE.name: self.tasks.remove_notice,
        }
        self.record = Record(load_publication(Path("there is none")), FeedSettings(), Kept(10_000_000))

    def work(self) -> None:
        """Some time later, everything that is due is done."""
        self.clock.move(minutes=1)
        work(self.db, self.handlers)

    def publish(self, **fields: object) -> int:
        seq = self.newsroom.publish(**fields)  # type: ignore[arg-type]
        self.work()
        return seq

    def feed(self, which: Slice | str) -> Document:
        which = Slice.parse(which) if isinstance(which, str) else which
        with self.db.read() as session:
            selection = Selection(() if which == ALL else (which,))
            return Documents(self.record).feed(session, selection, self.record.state(session, (which,)))

    def headlines(self, which: Slice | str) -> list[str]:
        return [each.headline for each in self.feed(which).stories]

    def on_page(self, which: Slice) -> list[Story]:
        with self.db.read() as session:
            return self.record.newest(session, which, 100)

    def rows(self) -> dict[str, tuple[int, datetime, bool]]:
        """Each feed's revision, time of change, and whether it shares that second with the change before."""
        with self.db.read() as session:
            return {
                row.slice: (row.revision, row.changed_at, row.second_shared) for row in session.scalars(select(Feed))
            }

    def revisions(self) -> dict[str, int]:
        return {name: revision for name, (revision, *_) in self.rows().items()}

    def events(self, name: str) -> list[tuple[int, int]]:
        with self.db.read() as session:
            found = session.execute(select(Event.article_seq, Event.version).where(Event.name == name))
            return [(seq, version) for seq, version in found]

    def _announce(self) -> None:
        self.announced += 1


@pytest.fixture
def house(db: Database) -> House:
    return House(db)


# Publishing


def test_an_article_is_placed_in_every_feed_it_belongs_to(house: House) -> None:
    house.publish(headline="Bridge opens", section="World", tags=["harbour"], bylines=["Ada Price"], language="zh-TW")
    expected = ["all", "byline:ada-price", str(DAY), "language:zh", "publisher:test-agency"]
    assert sorted(house.revisions()) == sorted([*expected, "section:world", "tag:harbour"])
    assert all(house.headlines(name) == ["Bridge opens"] for name in house.revisions())
    assert set(house.revisions().values()) == {1}


def test_feeds_are_named_as_people_read_them(house: House) -> None:
    house.publish(tags=["Baku–Tbilisi line"], bylines=["Ayşe Yılmaz"])
    assert house.feed("tag:baku-tbilisi-line").title.startswith("Baku–Tbilisi line")
    assert house.feed("byline:ayşe-yılmaz").title.startswith("Ayşe Yılmaz")
    assert house.feed("publisher:test-agency").title.startswith("Test Agency")


def test_an_article_that_is_only_accepted_is_placed_nowhere(house: House) -> None:
    seq = house.newsroom.accept()
    with house.db.write() as session:
        session.add(OutboxRow(event_id=1, listener=FEED_PUBLISH.name, state="waiting", due_at=0.0))
    house.work()
    assert house.rows() == {}
    with house.db.read() as session:
        assert session.get(Placement, seq) is None


def test_feeds_are_newest_first_and_archives_keep_their_dates(house: House) -> None:
    house.publish(headline="Today")
    house.publish(headline="Long ago", published_at=NOW - timedelta(days=400))
    house.publish(headline="Just now", published_at=NOW + timedelta(minutes=30))
    assert house.headlines(ALL) == ["Just now", "Today", "Long ago"]
    assert house.headlines("day:2017-03-16") == ["Long ago"]


def test_after_each_commit_web_processes_are_told(house: House) -> None:
    house.publish()
    assert house.announced == 1


def test_a_batch_moves_each_feed_once(house: House) -> None:
    house.newsroom.publish_many([{"tags": ["harbour"]} for _ in range(40)])
    house.work()
    assert house.revisions() == {
        "all": 1,
        str(DAY): 1,
        "language:en": 1,
        "publisher:test-agency": 1,
        "tag:harbour": 1,
    }
    assert len(house.feed("tag:harbour").stories) == 40


def test_other_feeds_do_not_move(house: House) -> None:
    house.publish(tags=["harbour"], section="World")
    house.publish(tags=["storm"], section="Economy")
    assert {name: revision for name, revision in house.revisions().items() if revision > 1}.keys() == {
        "all",
        str(DAY),
        "language:en",
        "publisher:test-agency",
    }


# Editing


def test_an_edit_keeps_the_id_the_address_and_the_date_and_moves_updated(house: House) -> None:
    seq = house.publish(headline="Bridge opens", tags=["harbour"])
    (before,) = house.feed(ALL).stories
    house.newsroom.edit(seq, headline="Bridge opens late")
    house.work()
    (after,) = house.feed(ALL).stories
    assert after.headline == "Bridge opens late"
    assert (after.id, after.urn, after.url, after.published_at, after.day) == (
        before.id,
        before.urn,
        before.url,
        before.published_at,
        before.day,
    )
    assert after.updated_at > before.updated_at


def test_an_edit_takes_the_article_out_of_feeds_it_left_and_into_those_it_entered(house: House) -> None:
    seq = house.publish(headline="Bridge", section="World", tags=["harbour", "storm"])
    house.publish(headline="Other", section="World", tags=["harbour"])
    before = house.revisions()
    house.newsroom.edit(seq, section="Economy", tags=["storm", "bridge"])
    house.work()
    assert house.headlines("section:world") == house.headlines("tag:harbour") == ["Other"]
    assert house.headlines("section:economy") == house.headlines("tag:bridge") == ["Bridge"]
    assert house.headlines("tag:storm") == ["Bridge"]
    moved = {name for name, revision in house.revisions().items() if revision != before.get(name)}
    assert moved == house.revisions().keys()


def test_a_feed_without_the_article_does_not_move_when_it_is_edited(house: House) -> None:
    seq = house.publish(tags=["harbour"])
    house.publish(tags=["storm"])
    before = house.revisions()
    house.newsroom.edit(seq, headline="Another headline")
    house.work()
    after = house.revisions()
    assert after["tag:storm"] == before["tag:storm"]
    assert after["tag:harbour"] == before["tag:harbour"] + 1


def test_each_version_is_published_once(house: House) -> None:
    seq = house.publish()
    house.newsroom.edit(seq, headline="Second")
    house.work()
    house.newsroom.edit(seq, headline="Third")
    house.work()
    for _ in range(3):
        house.tasks.place(claim(house.db, FEED_PUBLISH.name, seq))
    assert house.events("ArticlePublished") == [(seq, 1), (seq, 2), (seq, 3)]


def test_versions_that_pile_up_are_published_as_the_newest(house: House) -> None:
    seq = house.newsroom.publish(headline="First")
    house.newsroom.edit(seq, headline="Second")
    house.newsroom.edit(seq, headline="Third")
    house.work()
    assert house.headlines(ALL) == ["Third"]
    assert house.events("ArticlePublished") == [(seq, 3)]
    assert house.revisions()["all"] == 1


# Repeats


def test_a_message_that_comes_again_moves_nothing(house: House) -> None:
    seq = house.publish(tags=["harbour"])
    before = house.rows()
    house.clock.move(hours=1)
    for _ in range(3):
        house.tasks.place(claim(house.db, FEED_PUBLISH.name, seq))
    assert house.rows() == before
    assert house.events("ArticlePublished") == [(seq, 1)]


def test_messages_in_the_wrong_order_end_at_the_newest_state(house: House) -> None:
    seq = house.newsroom.publish(headline="First", tags=["harbour"])
    house.newsroom.edit(seq, headline="Second", tags=["storm"])
    held = claim(house.db, FEED_PUBLISH.name, seq)
    assert len(held.rows) == 2
    for row in reversed(held.rows):
        house.tasks.place(Claim(held.listener, held.token, (row,)))
        assert house.headlines("tag:storm") == ["Second"]
    assert "tag:harbour" not in house.rows()
    assert house.events("ArticlePublished") == [(seq, 2)]


def test_a_worker_that_lost_its_lease_changes_nothing(house: House) -> None:
    seq = house.newsroom.publish()
    held = claim(house.db, FEED_PUBLISH.name, seq)
    house.tasks.place(Claim(held.listener, held.token + 1, held.rows))
    assert house.rows() == {}


def test_many_workers_at_once_publish_each_version_once(house: House) -> None:
    seqs = house.newsroom.publish_many([{"tags": ["harbour"]} for _ in range(60)])
    for seq in seqs[::4]:
        house.newsroom.edit(seq, headline="Edited")

    def patiently(do: Callable[[], object]) -> None:
        """As a worker does: what PostgreSQL ended because of a deadlock is tried again."""
        for _ in range(5):
            with suppress(OperationalError):
                do()
                return
        raise AssertionError("five deadlocks in a row")

    def publish(start: int) -> None:
        patiently(lambda: work(house.db, house.handlers))
        held = claim(house.db, FEED_PUBLISH.name, *seqs[start : start + 20])
        patiently(lambda: house.tasks.place(held))

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(publish, range(0, 50, 10)))
    work(house.db, house.handlers)
    published = house.events("ArticlePublished")
    assert len(published) == len(set(published))
    assert {seq for seq, _ in published} == set(seqs)
    assert len(house.feed("tag:harbour").stories) == 60


# Withdrawing


def test_a_withdrawal_leaves_its_notice_in_every_feed_but_the_days(house: House) -> None:
    seq = house.publish(headline="Wrong", section="World", tags=["harbour"], bylines=["Ada Price"])
    (before,) = house.feed(ALL).stories
    house.newsroom.withdraw(seq, "The numbers were wrong.")
    house.work()
    for name in house.revisions():
        stories = house.feed(name).stories
        if name == str(DAY):
            assert stories == ()
            continue
        (notice,) = stories
        assert notice.withdrawn_at is not None
        assert (notice.urn, notice.published_at) == (before.urn, before.published_at)
        assert notice.updated_at > before.updated_at
        assert "The numbers were wrong." in notice.html
        assert "Wrong" not in f"{notice.headline} {notice.url}" and "wrong" not in notice.url
        assert (notice.bylines, notice.tags, notice.section, notice.image) == ((), (), None, None)
    assert house.events("NoticePosted") == [(seq, 2)]


def test_a_withdrawn_article_is_on_no_page(house: House) -> None:
    seq = house.publish(tags=["harbour"])
    house.newsroom.withdraw(seq)
    house.work()
    assert house.on_page(ALL) == house.on_page(Slice("tag", "harbour")) == house.on_page(DAY) == []


def test_a_withdrawal_moves_every_feed_the_article_was_in_and_no_other(house: House) -> None:
    seq = house.publish(tags=["harbour"])
    house.publish(tags=["storm"])
    before = house.rows()
    house.newsroom.withdraw(seq)
    house.work()
    after = house.rows()
    moved = {name for name in before if after[name] != before[name]}
    assert moved == before.keys() - {"tag:storm"}
    assert all(after[name][1] > before[name][1] for name in moved)


def test_a_withdrawal_that_comes_again_moves_nothing(house: House) -> None:
    seq = house.publish()
    house.newsroom.withdraw(seq)
    house.work()
    before = house.rows()
    house.clock.move(hours=1)
    house.tasks.place(claim(house.db, FEED_WITHDRAW.name, seq))
    house.tasks.place(claim(house.db, FEED_PUBLISH.name, seq))
    assert house.rows() == before
    assert house.events("NoticePosted") == [(seq, 2)]


def test_the_notice_leaves_after_seven_days_and_not_before(house: House) -> None:
    seq = house.publish(headline="Wrong", tags=["harbour"])
    house.publish(headline="Right", tags=["harbour"])
    house.newsroom.withdraw(seq)
    house.work()
    with house.db.read() as session:
        row = session.execute(
            select(OutboxRow.due_at, db_now()).where(OutboxRow.listener == FEED_REMOVE_NOTICE.name)
        ).one()
        assert row[0] - row[1] == pytest.approx(WEEK, abs=60)
    house.work()
    assert len(house.feed("tag:harbour").stories) == 2
    before = house.rows()
    let_pass(house.db, FEED_REMOVE_NOTICE.name)
    house.work()
    assert house.headlines("tag:harbour") == house.headlines(ALL) == ["Right"]
    after = house.rows()
    assert after["tag:harbour"][0] == before["tag:harbour"][0] + 1
    assert after["tag:harbour"][1] > before["tag:harbour"][1]
    assert after[str(DAY)] == before[str(DAY)]


def test_a_notice_that_is_taken_down_twice_moves_nothing(house: House) -> None:
    seq = house.publish()
    house.newsroom.withdraw(seq)
    house.work()
    let_pass(house.db, FEED_REMOVE_NOTICE.name)
    house.work()
    before = house.rows()
    house.tasks.remove_notice(claim(house.db, FEED_REMOVE_NOTICE.name, seq))
    assert house.rows() == before


def test_no_notice_is_taken_down_while_its_article_stands(house: House) -> None:
    seq = house.publish(headline="Stands")
    other = house.publish()
    house.newsroom.withdraw(other)
    house.work()
    held = claim(house.db, FEED_REMOVE_NOTICE.name, other)
    (row,) = held.rows
    house.tasks.remove_notice(Claim(held.listener, held.token, (type(row)(row.id, row.event, seq, row.version),)))
    assert "Stands" in house.headlines(ALL)


@pytest.mark.parametrize("enriched", [True, False], ids=["enriched", "only accepted"])
def test_what_is_withdrawn_before_it_was_published_never_appears(house: House, enriched: bool) -> None:
    seq = house.newsroom.publish() if enriched else house.newsroom.accept()
    house.newsroom.withdraw(seq)
    house.work()
    assert house.rows() == {}
    assert house.events("ArticlePublished") == house.events("NoticePosted") == []


def test_a_withdrawal_that_overtakes_the_publication_wins(house: House) -> None:
    seq = house.newsroom.publish()
    house.newsroom.withdraw(seq)
    house.tasks.place(claim(house.db, FEED_WITHDRAW.name, seq))
    house.tasks.place(claim(house.db, FEED_PUBLISH.name, seq))
    assert house.rows() == {}


def test_a_withdrawal_of_an_edit_that_was_not_yet_placed_leaves_the_notice_where_the_article_stood(
    house: House,
) -> None:
    seq = house.publish(tags=["harbour"])
    house.newsroom.edit(seq, tags=["storm"])
    house.newsroom.withdraw(seq)
    house.work()
    assert [each.withdrawn_at is not None for each in house.feed("tag:harbour").stories] == [True]
    assert "tag:storm" not in house.rows()
    assert house.events("ArticlePublished") == [(seq, 1)]


# Validators


def test_the_time_of_change_never_goes_back_though_the_clock_does(house: House) -> None:
    house.publish()
    before = house.rows()["all"]
    house.clock.move(hours=-5)
    house.publish()
    after = house.rows()["all"]
    assert after[0] == before[0] + 1
    assert after[1] == before[1]
    assert after[2] is True


def test_two_changes_in_one_second_are_known_to_share_it(house: House) -> None:
    house.newsroom.publish()
    work(house.db, house.handlers)
    assert house.rows()["all"][2] is False
    house.clock.move(microseconds=300)
    house.newsroom.publish()
    work(house.db, house.handlers)
    assert house.rows()["all"][2] is True
    house.publish()
    assert house.rows()["all"][2] is False


def test_every_moved_feed_carries_the_newest_number_of_its_commit(house: House) -> None:
    house.publish(tags=["harbour"])
    house.publish(tags=["storm"])
    with house.db.read() as session:
        numbers = dict(session.execute(select(Feed.slice, Feed.seq)).all())
    assert numbers["all"] == numbers["tag:storm"] > numbers["tag:harbour"]


def test_a_days_feed_stays_on_the_first_day_whatever_is_edited(house: House) -> None:
    seq = house.publish(headline="Bridge")
    house.clock.move(days=3)
    house.newsroom.edit(seq, headline="Bridge, again")
    house.work()
    assert house.headlines(DAY) == ["Bridge, again"]
    with house.db.read() as session:
        entries = session.execute(select(FeedEntry.slice, FeedEntry.published_at).where(FeedEntry.article_seq == seq))
        assert {published_at for _, published_at in entries} == {NOW + timedelta(seconds=1)}
        assert session.get_one(Article, seq).version == 2
