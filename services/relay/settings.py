"""Settings of relay."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class RelaySettings(Settings):
    relay_interval: float = Field(0.5, gt=0, description="Seconds after which relay looks although nobody nudged it")
    relay_pulse: float = Field(2.0, gt=0, description="Seconds between two pulses of each worker")
