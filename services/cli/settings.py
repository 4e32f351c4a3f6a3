"""Settings of the `masthead` command."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from pydantic import Field

from shared.errors import ConfigurationError
from shared.http import Door
from shared.settings import Settings, reachable


class CliSettings(Settings):
    api: str = Field("", description="Address of the API for submit and import; empty: the one of `masthead up`")
    key: str = Field("", description="API key for submit and import; empty: the one in MASTHEAD_VAR/demo-key")
    demo: bool = Field(True, description="Whether the first start makes a demo publisher and submits demo articles")
    valkey_persist: bool = Field(True, description="Whether the embedded Valkey keeps an append-only file")

    @property
    def api_url(self) -> str:
        return self.api.rstrip("/") or self.own_api_url

    @property
    def own_api_url(self) -> str:
        """The API of `masthead up`, whichever MASTHEAD_API names."""
        return f"http://{reachable(self.ingest_host)}:{self.ingest_port}"

    @property
    def push_url(self) -> str:
        return f"http://{reachable(self.push_host)}:{self.push_port}"


def own_door(settings: CliSettings) -> Door:
    """A door that also opens to this installation's own services, which may be private."""
    own = [urlsplit(url) for url in (settings.api_url, settings.own_api_url, settings.own_feed_url, settings.push_url)]
    return Door(allow={(url.hostname or "", url.port or (443 if url.scheme == "https" else 80)) for url in own})


def needs(module: str, otherwise: str) -> None:
    """Raises ConfigurationError, saying `otherwise`, where a module is not installed: an image has only its own."""
    if not is_installed(module):
        raise ConfigurationError(otherwise)


def is_installed(module: str) -> bool:
    return find_spec(module) is not None


@dataclass(frozen=True)
class Program:
    """One process of an installation: what starts it, and the stage in which it is stopped (lowest first)."""

    name: str
    arguments: tuple[str, ...]
    stop_stage: int

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", *self.arguments]


# Webs first, so that nothing new comes in; then relay; then workers, which finish what they hold.
PROGRAMS = (
    Program("ingest", ("services.ingest.app",), 0),
    Program("feed", ("services.feed.app",), 0),
    Program("push", ("services.push.app",), 0),
    Program("relay", ("services.relay",), 1),
    Program("enrich-worker", ("services.enrich.worker",), 2),
    Program("count-worker", ("services.count.worker",), 2),
    Program("feed-worker", ("services.feed.worker",), 2),
    Program("push-worker", ("services.push.worker",), 2),
    Program("social-worker", ("services.social.worker",), 2),
)
