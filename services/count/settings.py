"""Settings of the count worker."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class CountSettings(Settings):
    count_processes: int = Field(1, ge=1, description="Pool children of the count worker")
