"""What acts for an account beside its turns waits until its account is free: neither undoes what the other writes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from services.social import turns
from services.social.accounts import lock, release_posts
from shared import offers, outbox
from shared.db import Database
from shared.listeners import SOCIAL_POST
from tests.networks.server import NetworkServer
from tests.paper import Paper
from tests.social import SocialDesk, social_desk
from tests.system import wait_for

# On SQLite one transaction follows another by nature.
pytestmark = pytest.mark.databases("postgresql")


@pytest.fixture
def desk(paper: Paper, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


def waits(db: Database) -> bool:
    """Whether somebody waits for a lock in this database."""
    with db.read() as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(session.scalar(text(query)))


def test_a_post_that_is_late_when_its_account_is_well_again_is_skipped(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    account = desk.add(mastodon)
    desk.change_account("mastodon", state="held")
    desk.publish()
    desk.until_states("held")
    desk.let_pass(minutes=7 * 60)
    with ThreadPoolExecutor(1) as pool:
        with desk.db.write() as session:
            (held,) = lock(session, [account.id]).values()
            release_posts(session, held)
            sweeping = pool.submit(desk.duties.pulse)
            wait_for(lambda: sweeping.done() or waits(desk.db))
        sweeping.result(timeout=30)
    (post,) = desk.posts()
    assert (post.state, post.wanted) == ("skipped", "")


def offered(desk: SocialDesk) -> int:
    """The row of a new turn of the account, on offer to workers."""
    desk.change_account("mastodon", check_at=0.0)
    with desk.db.write() as session:
        (offer,) = [each for each in offers.offer(session) if each.listener == SOCIAL_POST.name]
        return offer.row_id


def test_a_turn_is_either_interrupted_or_begun(desk: SocialDesk, mastodon: NetworkServer) -> None:
    account = desk.add(mastodon)
    turn = offered(desk)
    with desk.db.write() as office, desk.db.write() as worker:
        (row,) = lock(office, [account.id]).values()
        assert turns.interrupt(office, row)
        assert outbox.claim(worker, SOCIAL_POST, turn) is None
    desk.work()  # the row leads nowhere
    turn = offered(desk)
    with desk.db.write() as office, desk.db.write() as worker:
        assert outbox.claim(worker, SOCIAL_POST, turn) is not None
        (row,) = lock(office, [account.id]).values()
        assert not turns.interrupt(office, row)
