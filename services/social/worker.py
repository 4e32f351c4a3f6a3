"""Composes the social worker. Run with `python -m services.social.worker`."""

from __future__ import annotations

from collections.abc import Callable

from services.social.access import Access
from services.social.accounts import prepare_keys
from services.social.card_tasks import CardTasks
from services.social.following import Following
from services.social.notices import Notice
from services.social.offering import Visits
from services.social.planning import Planning
from services.social.posting import Posting
from services.social.readiness import Readiness
from services.social.sending import Sending
from services.social.settings import SocialSettings
from services.social.staff import StaffTasks
from services.social.sweeping import Sweeper
from shared import bus, program, worker
from shared.db import Database
from shared.engine import Engine
from shared.http import Door, origin
from shared.installation import installation_id
from shared.listeners import (
    SOCIAL_DRAW,
    SOCIAL_FETCHED,
    SOCIAL_NOTIFY,
    SOCIAL_PLAN,
    SOCIAL_POST,
    SOCIAL_WITHDRAW,
)
from shared.publication import load_publication
from shared.reactions import Reactions


def make_duties(settings: SocialSettings) -> worker.Duties:
    db = Database(settings.sql_url, pool_size=20)
    publication = load_publication(settings.publication_file)
    clock = settings.make_clock()
    # The publication's own pictures may be at a private address, as those of `make up` are.
    door = Door(allow={*settings.allowed, origin(publication.base_url)})
    installation = installation_id(db)
    nudge = bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation)
    engine = Engine(door, db, nudge, per_host=settings.social_calls_per_host)
    readiness = Readiness(Door(allow={settings.feed_origin}), settings.feed_url, publication.base_url)
    prepare_keys(db, settings)
    vault = settings.make_vault()
    access = Access(db, vault, door)
    sending, following = Sending(db, access, readiness, publication), Following(access)
    posting = Posting(db, engine, vault, sending, following, publication, clock)
    planning = Planning(db, posting, publication, clock)
    staff = StaffTasks(db, clock, _sender(settings))
    cards = CardTasks(db, publication, clock)
    reactions = Reactions(bus.connect(settings), db, installation)
    return worker.Duties(
        db=db,
        nudge=nudge,
        handlers={
            SOCIAL_PLAN.name: planning.plan,
            SOCIAL_WITHDRAW.name: planning.withdraw,
            SOCIAL_POST.name: posting.act,
            SOCIAL_FETCHED.name: Visits(db, publication, clock).fetched,
            SOCIAL_NOTIFY.name: staff.notify,
            SOCIAL_DRAW.name: cards.draw,
        },
        pulse=Sweeper(db, publication, clock, reactions),
        stop=engine.stop,
    )


def _sender(settings: SocialSettings) -> Callable[[Notice], None] | None:
    """How notices are sent; None where nobody is to be told. What sends them is large: it is loaded only where used."""
    addresses = settings.social_notices.get_secret_value().split()
    if not addresses:
        return None
    from services.social.sink import Sink

    return Sink(addresses).send


def main() -> None:
    settings = SocialSettings()
    worker.run("social", settings, lambda: make_duties(settings), processes=settings.social_worker_processes)


if __name__ == "__main__":
    program.run(main)
