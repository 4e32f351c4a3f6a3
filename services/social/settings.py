"""Settings of the social service."""

from __future__ import annotations

from pydantic import Field, SecretStr

from services.social.vault import Vault, keys_in
from shared.addresses import private_servers
from shared.http import origin
from shared.settings import PrivateServers, Settings


class SocialSettings(Settings):
    social_worker_processes: int = Field(1, ge=1, description="Pool children of the social worker")
    social_calls_per_host: int = Field(4, ge=1, description="Calls to one network that a social worker has under way")
    social_allow: PrivateServers = Field(
        "", description="host:port pairs, joined by commas, of networks that may be called although private; * is any"
    )
    social_notices: SecretStr = Field(
        SecretStr(""), description="Apprise URLs to which staff notices are sent, separated by blanks"
    )
    social_feed_url: str = Field(
        "", description="Where social asks for pages and pictures; empty: MASTHEAD_FEED_HOST and MASTHEAD_FEED_PORT"
    )

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        """Private servers that may be called, as `Door` takes them."""
        return private_servers(self.social_allow)

    @property
    def feed_url(self) -> str:
        return self.social_feed_url.rstrip("/") or self.own_feed_url

    @property
    def feed_origin(self) -> tuple[str, int]:
        return origin(self.feed_url)

    @property
    def given_keys(self) -> list[str]:
        """Keys of the environment; none where they are in `keys_file`."""
        return self.social_keys.get_secret_value().split()

    def make_vault(self) -> Vault:
        """Raises ConfigurationError for keys that cannot be used."""
        return Vault(lambda: self.given_keys or keys_in(self.keys_file))
