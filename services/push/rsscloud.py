"""The rssCloud door: an older way to ask for a small notice of each change (rsscloud.org, http-post only); pure."""

from __future__ import annotations

import re

from services.push.subscribing import HOUR, Desk, Form, Wish, one
from shared.errors import Refused

# Subscribers renew once a day.
LEASE = 25 * HOUR
MOST_FEEDS = 10
RESULT = '<?xml version="1.0"?>\n<notifyResult success="true" msg="It counts once the address has agreed."/>\n'
_FEED = re.compile(r"url[1-9][0-9]{0,2}")


def read(form: Form, client: str, desk: Desk) -> Wish:
    """Whom to notify: its `domain`, which has to repeat a challenge, else the address that asks. Raises Refused."""
    protocol = one(form, "protocol")
    if protocol not in ("http-post", "https-post"):
        raise Refused(f"protocol is {protocol[:40]!r}; accepted: http-post, https-post.")
    port = one(form, "port")
    if not re.fullmatch(r"[0-9]{1,5}", port):
        raise Refused("port is no number of a port.")
    path, domain = one(form, "path"), one(form, "domain", "")
    if domain and not re.fullmatch(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]", domain):
        raise Refused("domain is no host name.")
    host = domain or (f"[{client}]" if ":" in client else client)
    scheme = "https" if protocol == "https-post" or int(port) == 443 else "http"
    urls = [one(form, name) for name in sorted(form) if _FEED.fullmatch(name)]
    if not 1 <= len(urls) <= MOST_FEEDS:
        raise Refused(f"url1 is missing, or there are more than {MOST_FEEDS} feeds.")
    return Wish(
        kind="rsscloud",
        mode="subscribe",
        topics=tuple(dict.fromkeys(desk.topic(url).path for url in urls)),
        callback=desk.callback(f"{scheme}://{host}:{port}/{path.removeprefix('/')}"),
        lease_seconds=LEASE,
        asks_challenge=bool(domain),
    )
