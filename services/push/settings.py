"""Settings of the push service: its web server and its worker."""

from __future__ import annotations

from pydantic import Field

from shared.addresses import private_servers
from shared.http import origin
from shared.settings import PrivateServers, Settings


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
    push_allow: PrivateServers = Field(
        "", description="host:port pairs, joined by commas, that may be called although private; * is every port"
    )
    push_subscriptions_per_host: int = Field(1000, ge=1, description="Subscriptions that one callback host may have")
    push_requests_per_host: int = Field(
        120,
        ge=6,
        description="Requests to the hub in a minute about one callback host; a sixth may wait for answers",
    )
    push_requests_per_client: int = Field(300, ge=1, description="Requests to the hub in a minute from one address")
    push_calls_per_host: int = Field(2, ge=1, description="Calls to one host that a push worker has under way")
    push_feed_url: str = Field(
        "", description="Where the push worker fetches feeds; empty: MASTHEAD_FEED_HOST and MASTHEAD_FEED_PORT"
    )

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        """Private servers that may be called, as `Door` takes them."""
        return private_servers(self.push_allow)

    @property
    def feed_url(self) -> str:
        return self.push_feed_url.rstrip("/") or self.own_feed_url

    @property
    def feed_origin(self) -> tuple[str, int]:
        return origin(self.feed_url)
