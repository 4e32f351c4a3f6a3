"""What an account can be on, by name: the networks, and outside posters that post to one of them."""

from __future__ import annotations

from services.social.network import Network
from services.social.networks.bluesky import Bluesky
from services.social.networks.discord import Discord
from services.social.networks.facebook import Facebook
from services.social.networks.linkedin import LinkedIn
from services.social.networks.mastodon import Mastodon
from services.social.networks.matrix import Matrix
from services.social.networks.outside import Outside
from services.social.networks.slack import Slack, SlackWebhook
from services.social.networks.telegram import Telegram
from services.social.networks.threads import Threads
from services.social.networks.x import X

NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Mastodon(),
        Bluesky(),
        Telegram(),
        Discord(),
        Slack(),
        SlackWebhook(),
        Matrix(),
        X(),
        Facebook(),
        Threads(),
        LinkedIn(),
    )
}
AVAILABLE: dict[str, Network] = {**NETWORKS, Outside.name: Outside(NETWORKS)}
