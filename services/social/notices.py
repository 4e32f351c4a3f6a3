"""What staff are told of an account, in words: what happened, and what a person is to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Notice:
    """A headline, what happened in a sentence, and what a person is to do. It names the account and holds no secret."""

    headline: str
    sentence: str
    todo: str


def broken(account: str, why: str) -> Notice:
    """`why` is what the network said, as in AccountBroken."""
    return Notice(
        f"{account} cannot post",
        f"Its posts are held since the network refused the account: {_ended(why)}",
        f"Renew the account's access with `masthead accounts rotate {account}`, or mend what the network names, then "
        f"`masthead accounts test {account}`; held posts follow by themselves.",
    )


def ending(account: str, days: int, last: date) -> Notice:
    """`days` is one of services.social.expiry.DAYS, `last` the day on which the access ends; 0 days: it has ended."""
    if not days:
        told, left = "Its access has ended: the network takes no posts from this account.", "has ended"
    else:
        told = f"After {last.isoformat()} the network takes no posts from this account."
        left = "ends tomorrow" if days == 1 else f"ends in {days} days"
    return Notice(f"Access of {account} {left}", told, f"Renew the access: `masthead accounts rotate {account}`.")


def unconfirmed(account: str, post: int, why: str) -> Notice:
    """`post` is its number, `why` what is known of the attempt, as in Unknown."""
    return Notice(
        f"A post by {account} is unconfirmed",
        f"Post {post} may or may not have been made, and the network cannot be asked: {_ended(why)}",
        f"Look at the account: `masthead posts confirm {post}` if it is there, else `masthead posts retry {post}`. "
        "Nothing is repeated until then.",
    )


def kept(account: str, post: int, why: str) -> Notice:
    """A post that was to be changed or taken back, and cannot be."""
    return Notice(
        f"A post by {account} needs a person",
        f"Post {post} could not be changed or taken back: {_ended(why)}",
        f"Do on the network what has to be done; `masthead posts show {post}` has the address.",
    )


def capped(account: str, why: str) -> Notice:
    """`why` names what was spent, and the cap."""
    return Notice(
        f"{account} has reached its monthly cap",
        f"Its posts are skipped: {_ended(why)}",
        f"Raise it if posts are to go out before: `masthead accounts set {account} monthly_cap=…`.",
    )


def unfetched(account: str) -> Notice:
    return Notice(
        f"Nobody fetches the feed of {account}",
        "What it offered was not fetched in time, and is skipped.",
        f"Look whether the outside poster still runs, and asks at the address that {account} has now: "
        f"`masthead accounts rotate {account}` gives a new one.",
    )


def _ended(why: str) -> str:
    """With a full stop: networks' own words often have none, and what is to do follows them."""
    return why if why.endswith((".", "!", "?")) else f"{why}."
