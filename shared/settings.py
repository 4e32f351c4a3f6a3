"""The settings every service shares. Each service's own settings.py adds its fields to this class."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Clock

ROOT = Path(__file__).resolve().parent.parent

# Linux allows 107 bytes for the path of a Unix socket, macOS 103.
LONGEST_SOCKET_PATH = 100


class Settings(BaseSettings):
    """Read from MASTHEAD_* variables, or from files of the same (lower-case) name under /run/secrets."""

    model_config = SettingsConfigDict(
        env_prefix="MASTHEAD_",
        secrets_dir="/run/secrets" if Path("/run/secrets").is_dir() else None,
        extra="ignore",
    )

    var: Path = Field(ROOT / "var", description="Folder of everything Masthead writes")
    database_url: str = Field("", description="SQLAlchemy URL of the record; empty: SQLite in MASTHEAD_VAR")
    redis_url: str = Field("", description="Redis or Valkey; empty: the embedded Valkey's socket")
    broker_url: str = Field("", description="Celery broker; empty: MASTHEAD_REDIS_URL, database 1")
    publication: Path | None = Field(
        None, description="The publication's TOML; empty: publication.toml in MASTHEAD_VAR"
    )
    clock: datetime | None = Field(None, description="ISO instant at which time stands still (tests, demos)")
    crash_at: str = Field("", description="Named crash point at which the process ends at once (tests)")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: str = Field("text", description="text for people, json for log collectors")

    @field_validator("var")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.var / 'masthead.sqlite3'}"

    @property
    def embedded_redis(self) -> bool:
        return not self.redis_url

    @property
    def valkey_socket(self) -> Path:
        """Where the embedded Valkey listens: in MASTHEAD_VAR, or in a private folder when that path is too long."""
        wanted = self.var / "valkey.sock"
        if len(os.fsencode(wanted)) <= LONGEST_SOCKET_PATH:
            return wanted
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"masthead-{os.getuid()}-{digest}" / "valkey.sock"

    @property
    def redis(self) -> str:
        return self.redis_url or f"unix://{self.valkey_socket}?db=0"

    @property
    def publication_file(self) -> Path:
        return self.publication or self.var / "publication.toml"

    def make_clock(self) -> Clock:
        return Clock(self.clock)
