"""What every service may know of posts on social networks: which of them readers can see."""

from __future__ import annotations

# States of a post in which it stands on its network (services.social.post): sent, and edited since.
VISIBLE = ("sent", "edited")
# State of an account that was given up (services.social.accounts): its posts stay, but nobody here answers for them.
REMOVED = "removed"
