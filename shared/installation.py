"""Which installation this is: the id that keeps its keys in Redis apart from any other's."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.errors import ConfigurationError
from shared.models import Installation


def installation_id(db: Database) -> str:
    """Raises ConfigurationError when the record has no tables yet, SQLAlchemy's errors when it does not answer."""
    try:
        with db.read() as session:
            return session.scalars(select(Installation.id)).one()
    except DBAPIError as error:
        if "installation" not in str(error.orig):  # the missing table's name, in the words of either database
            raise
        raise ConfigurationError("The record has no tables yet: run `masthead migrate` first.") from error
