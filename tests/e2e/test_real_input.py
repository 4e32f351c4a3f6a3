"""Real articles, feeds and exports: all that is well-formed is published, the rest is refused with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system import Installation

DATA = Path(__file__).parents[3] / "shared/data"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real input is not at {DATA}")


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("real")) as masthead:
        yield masthead


def test_everything_well_formed_is_published_and_a_second_run_adds_nothing(newsroom: Installation) -> None:
    def run() -> dict[str, Any]:
        done = newsroom.masthead("import", str(DATA), "--key", newsroom.key, "--json", check=False)
        assert done.returncode == 1, done.stderr  # some is refused, as it should be
        return dict(json.loads(done.stdout))

    first = run()
    assert first["accepted"] == 1020
    assert first["refused"] == 7
    assert all(each["reason"] for each in first["refusals"])
    verified = json.loads(newsroom.masthead("verify", "--wait", "120", "--json").stdout)
    assert (verified["articles"], verified["drift"], verified["wrong_articles"]) == (1020, [], 0)
    assert newsroom.masthead("dead", "list").returncode == 0
    second = run()
    assert second["accepted"] == 0
    assert json.loads(newsroom.masthead("verify", "--json").stdout)["articles"] == 1020
