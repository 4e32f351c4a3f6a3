"""Settings of the push service: its web server and its worker."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class PushSettings(Settings):
    push_threads: int = Field(8, ge=1, description="Requests of the hub and of webhooks one process works on at a time")
    push_worker_processes: int = Field(1, ge=1, description="Pool children of the push worker")
    push_proxies: int = Field(
        0, ge=0, description="Proxies in front of push that append to X-Forwarded-For; 0: the header is not believed"
    )
    live_listeners: int = Field(5000, ge=1, description="Live streams one process holds open")
    live_listeners_per_address: int = Field(50, ge=1, description="Of these, for one client address")
    live_hours: int = Field(
        48, ge=24, description="Hours of events that the live stream tells again to who missed them"
    )
    push_allow: str = Field(
        "", description="host:port pairs, joined by commas, that may be called although private (tests, intranets)"
    )
