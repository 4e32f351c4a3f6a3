"""A worker that goes on without consuming is noticed and started anew."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shared.health import SILENCE
from tests.system import Installation, wait_for


def test_a_worker_that_was_frozen_is_started_anew_and_nothing_is_lost(tmp_path: Path) -> None:
    with Installation(tmp_path) as masthead:
        masthead.submit()
        frozen = masthead.pids()["enrich-worker"]
        os.killpg(frozen, signal.SIGSTOP)
        receipt = masthead.submit(headline="Submitted to a frozen newsroom", wait=0)
        assert receipt["state"] == "accepted"
        wait_for(
            lambda: "Submitted to a frozen newsroom" in masthead.get("/feed.rss").text,
            seconds=2 * SILENCE + 30,
            what="the frozen worker's article",
        )
        assert masthead.pids()["enrich-worker"] != frozen
        assert "took no message" in masthead.log.read_text()
