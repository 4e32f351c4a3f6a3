"""What docs/networks.md says of the networks is what they are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.social.callback import PATH, PORT
from services.social.expiry import DAYS
from services.social.network import FOREVER, Account, Network
from services.social.networks import NETWORKS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
LASTING = {"60 days": timedelta(days=60), "2 hours": timedelta(hours=2)}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOCUMENT.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_network_is_described_as_it_is(network: Network) -> None:
    can = network.can
    flags = (can.edit, can.delete, can.find)
    expected = [network.name, *map(_yes, flags), _time(can.repeats)]
    expected += [*map(_yes, (can.measure, can.check, can.refresh, can.thread)), str(can.media or "no")]
    expected += [str(can.alt or "no"), _yes(can.warning), can.card]
    expected += [f"{can.cost[0]:g} / {can.cost[1]:.2f}" if any(can.cost) else "free"]
    assert expected in ROWS


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_what_an_account_needs_is_told(network: Network) -> None:
    row = next(row for row in ROWS if row[0] == network.name and len(row) == 3 and "`" in row[1])
    assert all(f"`{name}`" in row[1] for name in network.secrets)
    assert all(f"`{name}`" in row[2] for name in network.settings)


HINTING = [each for each in NETWORKS.values() if each.hints]
ENTERED = [each for each in NETWORKS.values() if each.sign_in(Account(each.name, "")) or each.log_in]


@pytest.mark.parametrize("network", ENTERED, ids=lambda network: network.name)
def test_how_an_account_gets_in_is_told(network: Network) -> None:
    sign_in = network.sign_in(Account(network.name, "newsroom"))
    row = next(row for row in ROWS if row[0] == network.name and len(row) == 7)
    if sign_in is None:
        assert row[1:4] == ["log-in", "–", "–"]
    else:
        way = "browser" if sign_in.loopback else "browser, pasted"
        assert row[1:4] == [way, _yes(sign_in.pkce), ", ".join(sign_in.scopes)]
        assert sign_in.lasts in (None, LASTING.get(row[4]))
    assert row[5] == (", ".join(f"`{name}`" for name in network.refreshed_by) or "–")


@pytest.mark.parametrize("network", HINTING, ids=lambda network: network.name)
def test_what_a_person_is_asked_for_is_explained_step_by_step(network: Network) -> None:
    steps = DOCUMENT.partition(f"### {network.name}\n")[2].partition("\n#")[0]
    assert steps.lstrip().startswith("1. ")
    assert all(f"`{name}`" in steps for name in network.hints)


def test_the_address_to_register_is_the_one_that_is_listened_on() -> None:
    address = f"http://127.0.0.1:{PORT}{PATH}"
    assert DOCUMENT.count("http://127.0.0.1:") == DOCUMENT.count(address) > 0


def test_the_days_of_reminders_are_told() -> None:
    assert DAYS == (14, 7, 1, 0)
    assert "reminded 14, 7 and 1 days before the end, and at the end" in DOCUMENT


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _time(repeats: timedelta) -> str:
    if repeats in (timedelta(0), FOREVER):
        return "always" if repeats else "no"
    minutes = repeats // timedelta(minutes=1)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
