"""Outside posters get the very text that the network they post to would get."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.social.draft import Posted
from services.social.enrolling import Application, judge
from services.social.network import Account
from services.social.networks import AVAILABLE, NETWORKS
from services.social.outcomes import Cannot
from shared.errors import Refused
from shared.http import Door
from tests.unit.social.golden import CASES

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
OUTSIDE = AVAILABLE["outside"]


def application(**settings: Any) -> Application:
    return Application("zapier", "outside", settings=settings)


def faults(**settings: Any) -> dict[str, tuple[object, str]]:
    with pytest.raises(Refused) as caught:
        judge(application(**settings), Door())
    return {fault.pointer: (fault.found, fault.accepted) for fault in caught.value.faults}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_text_is_that_of_the_network_they_post_to(name: str) -> None:
    network = NETWORKS[name]
    settings = {"for": name, "posts": 4, "warning": "War"}
    for article in CASES.values():
        plain = network.compose(article, Account(name, "newsroom"), key="k", at=AT)
        outside = OUTSIDE.compose(article, Account("outside", "zapier", settings=settings), key="k", at=AT)
        assert outside.texts == plain.texts
        assert (outside.network, outside.warning) == ("outside", "")


def test_nothing_is_sent_and_nothing_taken_back() -> None:
    account = Account("outside", "zapier", settings={"for": "x"})
    draft = OUTSIDE.compose(CASES["english"], account, key="k", at=AT)
    with pytest.raises(Cannot):
        OUTSIDE.publish(draft, account, Door())
    with pytest.raises(Cannot, match="“Council votes” was fetched, and whoever posts for zapier has to take it back"):
        OUTSIDE.delete(Posted("urn:uuid:1", state={"headline": "Council votes"}), account, Door())
    assert not any((OUTSIDE.can.edit, OUTSIDE.can.delete, OUTSIDE.can.find, OUTSIDE.can.repeats))


def test_an_account_needs_no_server_and_no_secret_but_a_network_to_write_for() -> None:
    network, _ = judge(application(**{"for": "mastodon", "gap": 90}), Door())
    assert network is OUTSIDE
    assert list(faults()) == ["/settings/for"]
    assert faults(**{"for": "myspace"}) == {"/settings/for": ("myspace", ", ".join(NETWORKS))}
    assert faults(**{"for": "outside"}) == {"/settings/for": ("outside", ", ".join(NETWORKS))}


@pytest.mark.parametrize("gap", [0, -1, 0.5, 100_000, "soon", None, [], "nan"])
def test_a_gap_that_is_none_is_refused(gap: object) -> None:
    assert faults(**{"for": "x", "gap": gap}) == {"/settings/gap": (str(gap), "seconds, 1 to 86400")}
