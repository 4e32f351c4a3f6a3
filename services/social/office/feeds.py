"""Feeds from which outside posters fetch (services.social.offering): their addresses are told once."""

from __future__ import annotations

from services.social import offering
from services.social.office.opening import Office
from shared.models import SocialAccount
from shared.urls import poster_path


def feed_address(office: Office, token: str) -> str:
    """The address of the feed with this token; nothing for an account that has none."""
    return office.publication.base_url + poster_path(token, "rss") if token else ""


def new_feed_address(office: Office, row: SocialAccount) -> str:
    """Gives an account's feed another address; the former one leads nowhere from then on."""
    with office.alone(row.id) as desk:
        token = offering.new_address(desk.account)
    return feed_address(office, token)


def in_words(feed: str) -> str:
    if not feed:
        return ""
    return f"Its feed, shown this once (also with .atom and .json); whoever has it can fetch from it:\n{feed}\n"
