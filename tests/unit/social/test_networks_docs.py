"""What docs/networks.md says of the networks is what they are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.social.network import FOREVER, Network
from services.social.networks import NETWORKS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
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


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _time(repeats: timedelta) -> str:
    if repeats in (timedelta(0), FOREVER):
        return "always" if repeats else "no"
    minutes = repeats // timedelta(minutes=1)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
