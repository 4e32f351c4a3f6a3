"""What a subscriber asks of the hub, read from a form (WebSub, section 5.1); pure. Refusals are plain sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from shared.addresses import why_refused
from shared.errors import NotFound, OutboundError, Refused
from shared.http import Door, origin
from shared.publication import Publication
from shared.topics import LONGEST_VALUE, Topic, topic_of

HOUR = 3600
# FreshRSS renews a lease when less than 23 h of it are left, so the least must be above that.
LEASE, LEAST_LEASE, MOST_LEASE = 240 * HOUR, 24 * HOUR, 720 * HOUR
LONGEST_CALLBACK = 2000
LONGEST_SECRET = 199  # bytes
METHODS = ("sha1", "sha256", "sha384", "sha512")

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Wish:
    """A subscription as somebody wants it, before its callback has agreed."""

    kind: str  # websub or rsscloud
    mode: str  # subscribe or unsubscribe
    topics: tuple[str, ...]  # paths of feeds
    callback: str
    lease_seconds: int
    asks_challenge: bool = True
    secret: str = ""
    signature_method: str = "sha256"
    # The number of the newest change of any feed when it was asked for: what comes later is told, however long it takes
    # until the callback has agreed.
    since_seq: int = 0

    @property
    def host(self) -> str:
        return host_of(self.callback)


@dataclass(frozen=True)
class Desk:
    """Reads wishes for one publication. `door` knows which addresses are called at all."""

    publication: Publication
    door: Door

    def websub(self, form: Form) -> Wish:
        """Raises Refused (400, or 404 for a topic of ours that there is not)."""
        mode = one(form, "hub.mode")
        if mode not in ("subscribe", "unsubscribe"):
            raise Refused(f"hub.mode is {mode[:40]!r}; accepted: subscribe, unsubscribe, publish.")
        secret = one(form, "hub.secret", "")
        if len(secret.encode()) > LONGEST_SECRET or "\0" in secret:
            raise Refused(f"hub.secret is longer than {LONGEST_SECRET} bytes, or holds a NUL character.")
        method = one(form, "hub.signature_method", "sha256")
        if method not in METHODS:
            raise Refused(f"hub.signature_method is {method[:40]!r}; accepted: {', '.join(METHODS)}.")
        return Wish(
            kind="websub",
            mode=mode,
            topics=(self.topic(one(form, "hub.topic")).path,),
            callback=self.callback(one(form, "hub.callback")),
            lease_seconds=_lease(one(form, "hub.lease_seconds", "")),
            secret=secret,
            signature_method=method,
        )

    def topic(self, url: str) -> Topic:
        """The feed with this address. Raises Refused."""
        base = self.publication.base_url
        if not url.startswith(f"{base}/"):
            raise Refused(f"The topic is no address of this publication; its feeds begin with {base}/")
        found = topic_of(url.removeprefix(base))
        if found is None or any("\0" in each.value or len(each.value) > LONGEST_VALUE for each in found.slices):
            raise NotFound("This is no feed, or not its canonical address: subscribe to the address in its rel=self.")
        return found

    def callback(self, url: str) -> str:
        """The address as it was given. Raises Refused where it can be told already that it will not be called."""
        if len(url) > LONGEST_CALLBACK or not re.fullmatch(r"[\x21-\x7e]+", url) or "#" in url:
            raise Refused(
                f"The callback must be a web address of at most {LONGEST_CALLBACK} characters, percent-encoded, "
                "without a fragment."
            )
        try:
            may_be_private = self.door.check(url)
            host, port = origin(url)
            own = {origin(self.publication.base_url), origin(self.publication.push_url)}
        except OutboundError as error:
            raise Refused(f"The callback cannot be called: {error}") from error
        if (host, port) in own:
            raise Refused("The callback is an address of this publication itself.")
        reason = why_refused(host)
        if reason and reason != "not an address" and not may_be_private:
            raise Refused(f"The callback cannot be called: {host} is {reason}.")
        return url


def one(form: Form, name: str, default: str | None = None) -> str:
    """A parameter that may be given once. Raises Refused."""
    values = form.get(name, ())
    if len(values) > 1:
        raise Refused(f"{name} is given {len(values)} times.")
    if values and values[0]:
        return values[0]
    if default is None:
        raise Refused(f"{name} is missing.")
    return default


def host_of(callback: str) -> str:
    """The name that limits are counted by; ports and ways to write it make no difference."""
    return origin(callback)[0].rstrip(".")[:255]


def with_query(callback: str, **parameters: str) -> str:
    """The callback with more parameters behind its own."""
    query = urlsplit(callback).query
    return f"{callback}{'&' if query else '' if callback.endswith('?') else '?'}{urlencode(parameters)}"


def _lease(seconds: str) -> int:
    if not seconds:
        return LEASE
    if not (seconds.isascii() and seconds.isdigit()):
        raise Refused("hub.lease_seconds is no whole number of seconds.")
    # Nothing was once a way to ask for a lease without end (PubSubHubbub 0.3).
    wanted = int(seconds[:12]) or LEASE
    return max(LEAST_LEASE, min(wanted, MOST_LEASE))
