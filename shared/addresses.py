"""Which network addresses may be called on someone else's behalf: public unicast, and what a newsroom allows.

The tables follow the IANA special-purpose address registries (RFC 6890 and its updates).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

ANY_PORT = 0

_SPECIAL_V4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "shared by carriers",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "for protocol assignments",
    IPv4Network("192.0.2.0/24"): "for documentation",
    IPv4Network("192.31.196.0/24"): "for AS112",
    IPv4Network("192.52.193.0/24"): "for AMT",
    IPv4Network("192.88.99.0/24"): "a 6to4 relay",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("192.175.48.0/24"): "for AS112",
    IPv4Network("198.18.0.0/15"): "for benchmarks",
    IPv4Network("198.51.100.0/24"): "for documentation",
    IPv4Network("203.0.113.0/24"): "for documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}

# All else is loopback, local, multicast or unassigned; so are the forms ::a.b.c.d and ::ffff:0:a.b.c.d, which
# some systems still translate.
_UNICAST_V6 = IPv6Network("2000::/3")

_SPECIAL_V6 = {
    IPv6Network("2001::/23"): "for protocol assignments (Teredo, ORCHID, benchmarks)",
    IPv6Network("2001:db8::/32"): "for documentation",
    IPv6Network("2002::/16"): "6to4, which hides an IPv4 address",
    IPv6Network("2620:4f:8000::/48"): "for AS112",
    IPv6Network("3fff::/20"): "for documentation",
}

# Networks without IPv4 reach public IPv4 servers through this prefix (RFC 6052): judged by what it holds.
_NAT64 = IPv6Network("64:ff9b::/96")


def why_refused(address: str) -> str | None:
    """What speaks against calling this address ("loopback"), or None when it is public.

    `address` is a numeric address as the resolver returns it, an IPv6 zone included.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return "not an address"
    if isinstance(found, IPv4Address):
        return _first_match(found, _SPECIAL_V4)
    if found.scope_id:
        return "bound to one link"
    embedded = found.ipv4_mapped or (IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None)
    if embedded:
        return _first_match(embedded, _SPECIAL_V4)
    if found not in _UNICAST_V6:
        return "not public unicast"
    return _first_match(found, _SPECIAL_V6)


def private_servers(pairs: str) -> frozenset[tuple[str, int]]:
    """Host and port of servers that may be called although private, from host:port pairs joined by commas; `*` is
    every port. Raises ValueError."""
    found = set()
    for pair in filter(None, map(str.strip, pairs.split(","))):
        host, _, port = pair.rpartition(":")
        if not host or not (port.isdigit() or port == "*"):
            raise ValueError("must be host:port pairs, joined by commas")
        found.add((host.strip("[]").lower(), ANY_PORT if port == "*" else int(port)))
    return frozenset(found)


def _first_match(
    address: IPv4Address | IPv6Address, table: dict[IPv4Network, str] | dict[IPv6Network, str]
) -> str | None:
    return next((reason for network, reason in table.items() if address in network), None)
