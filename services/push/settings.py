"""Settings of the push service: its web server and its worker."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class PushSettings(Settings):
    push_threads: int = Field(8, ge=1, description="Requests of the hub and of webhooks one process works on at a time")
    push_worker_processes: int = Field(1, ge=1, description="Pool children of the push worker")
    push_allow: str = Field(
        "", description="host:port pairs, joined by commas, that may be called although private (tests, intranets)"
    )
