"""Loaded first by every Python process whose PYTHONPATH begins with this folder: what tests do to a running product.

STORM_SABOTAGE names a module of this folder that breaks one promise. STORM_STAND_STILL_AT names a point of
shared.crash at which the process stops itself, once, with SIGSTOP.
"""

import importlib
import os


def _stand_still_at(point: str, marker: str) -> None:
    from shared import crash

    reach = crash.reach

    def reach_or_stand_still(reached: str) -> None:
        reach(reached)
        if reached == point:
            import signal
            from pathlib import Path

            try:
                Path(marker).touch(exist_ok=False)
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGSTOP)

    crash.reach = reach_or_stand_still


if os.environ.get("STORM_SABOTAGE"):
    importlib.import_module(f"tests.storm.sabotages.{os.environ['STORM_SABOTAGE']}")
if os.environ.get("STORM_STAND_STILL_AT"):
    _stand_still_at(os.environ["STORM_STAND_STILL_AT"], os.environ["STORM_STANDING_STILL"])
