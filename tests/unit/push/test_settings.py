"""Which private servers may be called, as the setting says it."""

from __future__ import annotations

import pytest

from services.push.settings import PushSettings
from shared.errors import AddressRefused, ConfigurationError
from shared.http import Door


def test_servers_are_named_with_one_port_or_with_every_port() -> None:
    door = Door(allow=PushSettings(push_allow="10.0.0.1:8080, [fd00::1]:9000,intranet.example:*").allowed)
    for url in (
        "http://10.0.0.1:8080/",
        "http://[fd00::1]:9000/",
        "http://intranet.example:12345/",
        "https://intranet.example/",
    ):
        assert door.check(url), url
    assert not door.check("http://10.0.0.1/")
    with pytest.raises(AddressRefused):
        door.check("http://10.0.0.1:9000/")


@pytest.mark.parametrize("value", ["intranet.example", "intranet.example:", ":80", "intranet.example:http"])
def test_what_is_no_pair_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"MASTHEAD_PUSH_ALLOW: must be host:port pairs"):
        PushSettings(push_allow=value)
