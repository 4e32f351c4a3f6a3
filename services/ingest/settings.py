"""Settings of the ingest service."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class IngestSettings(Settings):
    ingest_processes: int = Field(1, ge=1, description="Web server processes of the API")
    ingest_threads: int = Field(64, ge=4, description="Requests one process works on at a time")
    ingest_url: str = Field("", description="Public address of the API; empty: the one each request came to")
    max_article_bytes: int = Field(2_000_000, description="Largest body of a single submission")
    max_batch_bytes: int = Field(64_000_000, description="Largest body of one batch request")
    max_batch_lines: int = Field(20_000, description="Most lines of one batch request")
    max_wait: float = Field(30.0, description="Longest time, in seconds, that Prefer: wait is honoured")
