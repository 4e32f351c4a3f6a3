"""Nothing in the record says any more that an external_id stands for one article."""

from sqlalchemy import text

from shared import migrate as migrating

_migrate = migrating.migrate


def _migrate_and_drop(db, *arguments, **options):
    _migrate(db, *arguments, **options)
    with db.write() as session:
        session.execute(text("ALTER TABLE article DROP CONSTRAINT IF EXISTS one_article_per_external_id"))


migrating.migrate = _migrate_and_drop
