"""Accounts of an installation, made as its command makes them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from services.social import enrolling
from services.social.settings import SocialSettings
from shared.db import Database
from tests.networks.server import NetworkServer
from tests.system import Installation


def add_account(installation: Installation, server: NetworkServer, name: str, **choice: Any) -> None:
    """An account on this server, whose address the installation allows. It posts what is published from now on."""
    account = server.account()
    settings = SocialSettings(var=installation.var, database_url=installation.environment["MASTHEAD_DATABASE_URL"])
    application = enrolling.Application(
        name, account.network, account.server, account.settings, choice, account.secrets
    )
    network, rules = enrolling.judge(application, server.door())
    checked = network.check(application.account(), server.door())
    with closing(Database(settings.sql_url)) as db, db.write() as session:
        enrolling.store(session, application, rules, checked, settings.make_vault(), datetime.now(UTC))
