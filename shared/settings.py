"""The settings every service shares. Each service's own settings.py adds its fields to this class."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.addresses import private_servers
from shared.clock import Clock
from shared.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent

# Linux allows 107 bytes for the path of a Unix socket, macOS 103.
LONGEST_SOCKET_PATH = 100


def _readable(pairs: str) -> str:
    private_servers(pairs)
    return pairs


# Host:port pairs that `private_servers` can read.
PrivateServers = Annotated[str, AfterValidator(_readable)]

# Where containers and systemd (LoadCredential=) put secrets: files named like the variable, in lower case.
SECRETS = [folder for folder in ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", "")) if Path(folder).is_dir()]


class Settings(BaseSettings):
    """Read from MASTHEAD_* variables, else from files of the same name in lower case where secrets are kept.

    An empty variable counts as absent. Raises ConfigurationError naming each variable that cannot be used.
    """

    model_config = SettingsConfigDict(
        env_prefix="MASTHEAD_", env_ignore_empty=True, secrets_dir=SECRETS or None, extra="ignore"
    )

    var: Path = Field(ROOT / "var", description="Folder of everything Masthead writes")
    database_url: str = Field("", description="SQLAlchemy URL of the record; empty: SQLite in MASTHEAD_VAR")
    redis_url: str = Field("", description="Redis or Valkey; empty: the embedded Valkey's socket")
    broker_url: str = Field("", description="Celery broker; empty: MASTHEAD_REDIS_URL, database 1")
    database_password: SecretStr = Field(SecretStr(""), description="Put into MASTHEAD_DATABASE_URL when given")
    redis_password: SecretStr = Field(SecretStr(""), description="Put into MASTHEAD_REDIS_URL when given")
    broker_password: SecretStr = Field(SecretStr(""), description="Put into MASTHEAD_BROKER_URL when given")
    publication: Path | None = Field(
        None, description="The publication's TOML; empty: publication.toml in MASTHEAD_VAR"
    )
    feed_host: str = Field("127.0.0.1", description="Address pages and feeds are served on")
    feed_port: int = Field(8000, ge=1, le=65535, description="Port of pages and feeds")
    ingest_host: str = Field("127.0.0.1", description="Address the API listens on")
    ingest_port: int = Field(8001, ge=1, le=65535, description="Port of the API")
    push_host: str = Field("127.0.0.1", description="Address the hub, live stream and webhooks are served on")
    push_port: int = Field(
        0, ge=0, le=65535, description="Port of the hub; 0: the one after the ports of feed and ingest, 8002 by default"
    )
    social_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of accounts' secrets, the newest first, blanks between; empty: social-keys in MASTHEAD_VAR",
    )
    rate_limit: str = Field("60000/minute", description="Requests per API key, in the notation of `limits`")
    failed_login_limit: str = Field("300/minute", description="Requests with a wrong key, per client address")
    poster_limit: str = Field("60/minute", description="Requests for the feed of one outside poster")
    clock: datetime | None = Field(None, description="ISO instant at which time stands still (tests, demos)")
    crash_at: str = Field("", description="Crash points, joined by commas, at which a process ends at once (tests)")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least that is logged")
    log_format: Literal["text", "json"] = Field("text", description="text for people, json for log collectors")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigurationError("; ".join(_in_words(fault) for fault in error.errors())) from error

    @model_validator(mode="after")
    def _next_port(self) -> Settings:
        self.push_port = self.push_port or max(self.feed_port, self.ingest_port) + 1
        return self

    @field_validator("var")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("clock", mode="before")
    @classmethod
    def _instant(cls, value: Any) -> Any:
        """Pydantic alone would take a bare number for seconds since 1970."""
        if value is None:
            return None
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise ValueError("must be an ISO instant with a zone, such as 2018-04-20T09:00:00+03:00")
        return instant

    @property
    def sql_url(self) -> str:
        return with_password(self.database_url, self.database_password) or f"sqlite:///{self.var / 'masthead.sqlite3'}"

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
        return with_password(self.redis_url, self.redis_password) or f"unix://{self.valkey_socket}?db=0"

    @property
    def own_feed_url(self) -> str:
        """Where the feed service of this machine answers."""
        return f"http://{reachable(self.feed_host)}:{self.feed_port}"

    @property
    def publication_file(self) -> Path:
        return self.publication or self.var / "publication.toml"

    @property
    def keys_file(self) -> Path:
        """Where the keys of accounts' secrets are when MASTHEAD_SOCIAL_KEYS is empty."""
        return self.var / "social-keys"

    def make_clock(self) -> Clock:
        return Clock(self.clock)


def with_password(url: str, password: SecretStr) -> str:
    """The URL with this password in it; as it was when either is empty."""
    secret = quote(password.get_secret_value(), safe="")
    if not url or not secret:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username or ''}:{secret}@{parts.netloc.rpartition('@')[2]}").geturl()


def reachable(host: str) -> str:
    """The host to put into a URL for an address that is listened on."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _in_words(fault: Any) -> str:
    variable, message = str(fault["loc"][0]).upper(), fault["msg"].removeprefix("Value error, ")
    return f"MASTHEAD_{variable}: {message} (found {fault['input']!r})"
