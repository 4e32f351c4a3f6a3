"""Whoever once held a row may finish it, however long ago that was and whoever holds it now."""

from shared import outbox
from shared.models import OutboxRow

outbox._still_held = lambda held: OutboxRow.id.in_([row.id for row in held.rows])
