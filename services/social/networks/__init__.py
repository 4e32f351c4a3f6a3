"""The networks an account can be on, by name."""

from __future__ import annotations

from services.social.network import Network
from services.social.networks.mastodon import Mastodon

NETWORKS: dict[str, Network] = {network.name: network for network in (Mastodon(),)}
