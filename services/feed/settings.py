"""Settings of the feed service: its web server and its worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import Settings


class FeedSettings(Settings):
    feed_processes: int = Field(1, ge=1, description="Web server processes of the feed service")
    feed_threads: int = Field(8, ge=1, description="Requests one process works on at a time")
    feed_worker_processes: int = Field(1, ge=1, description="Pool children of the feed worker")
    feed_items: int = Field(50, ge=1, description="Newest items a feed always holds")
    feed_hours: int = Field(
        48, ge=1, description="A feed also holds everything from this many hours before its last change"
    )
    feed_most_items: int = Field(
        500,
        ge=1,
        description="Items a feed does not exceed for that, but for the last two of these hours",
    )
    feed_proxies: int = Field(
        0, ge=0, description="Proxies in front of feed that append to X-Forwarded-For; 0: the header is not believed"
    )
    cache_bytes: int = Field(128_000_000, description="Rendered feeds and pages each web process keeps in memory")
    edge_folder: Path | None = Field(
        None, description="Folder for feeds that a web server answers itself, as docs/polling.md tells; empty: none"
    )
    edge_bytes: int = Field(4_000_000_000, ge=1, description="When MASTHEAD_EDGE_FOLDER holds more, it begins anew")
