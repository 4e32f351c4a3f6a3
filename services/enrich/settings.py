"""Settings of the enrich worker."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class EnrichSettings(Settings):
    enrich_processes: int = Field(2, ge=1, description="Pool children of the enrich worker")
