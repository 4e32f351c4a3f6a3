"""A post's states, and the moves between them.

    planned ──arm──▶ armed ──▶ sent ──▶ edited ──▶ deleted
     │  ▲              │ ╲                  (sent and edited posts can be edited again, and deleted)
     │  └─ not sent ───┤  ╲──▶ unconfirmed ──▶ sent, planned (proven absent), or for a person
     ▼                 ▼
    held             failed            skipped: it will not be posted

`armed` is committed before the network is called: whoever finds an armed post that nobody holds any more does not know
what came of it, and calls it unconfirmed. A post that was certainly not sent is planned again.
A post that is fetched (services.social.offering) is planned until somebody has done so, and then sent, without a call.
"""

from __future__ import annotations

from typing import Any

from shared import posts
from shared.models import SocialPost

PLANNED = "planned"  # waits for its account's turn
HELD = "held"  # its account cannot post now; planned again once it can
ARMED = "armed"  # the network is being called
SENT, EDITED = posts.VISIBLE  # an edited post shows a later version of the article than it was sent with
UNCONFIRMED = "unconfirmed"  # it may have been sent: looked up, or repeated where that makes no second post
FAILED = "failed"  # the network refused it
SKIPPED = "skipped"  # not posted: too late, withdrawn, cancelled
DELETED = "deleted"

MOVES: dict[str, frozenset[str]] = {
    PLANNED: frozenset({HELD, ARMED, SENT, FAILED, SKIPPED, DELETED}),
    HELD: frozenset({PLANNED, ARMED, SENT, FAILED, SKIPPED, DELETED}),
    ARMED: frozenset({SENT, PLANNED, HELD, UNCONFIRMED, FAILED}),
    UNCONFIRMED: frozenset({ARMED, SENT, PLANNED, FAILED, SKIPPED, DELETED}),
    SENT: frozenset({EDITED, DELETED}),
    EDITED: frozenset({EDITED, DELETED}),
    FAILED: frozenset({PLANNED, SENT, DELETED}),
    SKIPPED: frozenset({PLANNED, SENT}),
    DELETED: frozenset(),
}
STATES = tuple(MOVES)
VISIBLE = posts.VISIBLE
WAITING = (PLANNED, HELD)

# Kinds of posts: the article itself, an answer that tells of a later version, and one more post of an old article. The
# latter two are followed by a full stop and a number.
ARTICLE, CORRECTION, RESHARE = "article", "correction", "reshare"

# What is to be done next with a post, the most pressing first.
DELETE, EDIT, CONFIRM, SEND = "delete", "edit", "confirm", "send"
FETCH = "fetch"  # nothing to be done by us before its time, by which somebody is to have fetched it
PRESSING = (DELETE, EDIT, CONFIRM, FETCH)  # before anything is sent
WANTS = (*PRESSING, SEND)

# Attempts after which a post lets others of its account go first.
STUBBORN = 5

# Entries of a post's history; more would be a fault that repeats itself.
LONGEST_HISTORY = 40
LONGEST_REASON = 500


class IllegalMove(Exception):
    """A post was to go from a state to one that cannot follow it: a fault of the program."""


def move(post: SocialPost, state: str, reason: str, now: float) -> None:
    """Lets the post go on to a state, and writes down when and why."""
    if state not in MOVES[post.state]:
        raise IllegalMove(f"post {post.id}: {post.state} -> {state} ({reason})")
    note(post, state, reason, now)


def note(post: SocialPost, state: str, reason: str, now: float) -> None:
    """Writes down a state's reason, also of the state the post is in."""
    post.state, post.reason = state, reason[:LONGEST_REASON] or None
    entry: dict[str, Any] = {"at": now, "state": state, "reason": post.reason}
    history = [each for each in post.history or [] if (each["state"], each["reason"]) != (state, post.reason)]
    post.history = [*history, entry][-LONGEST_HISTORY:]


def want(post: SocialPost, what: str, at: float | None) -> None:
    """Says what is to be done next with the post, and when at the earliest; nothing without a time."""
    post.wanted, post.due_at = (what, at) if at is not None else ("", None)
