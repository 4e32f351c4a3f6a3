"""Loaded first by every Python process whose PYTHONPATH begins with this folder: what tests do to a running product.

STORM_SABOTAGE names a module of this folder that breaks one promise. STORM_STAND_STILL_AT names a point of
shared.crash at which the process stops itself, once, with SIGSTOP. With STORM_HASTE workers that call others
take over sooner what a dead one held, and look for its posts, since whom they call answers at once; nobody asks for
reactions meanwhile.
"""

import importlib
import os
import sys


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


def _hasten() -> None:
    from shared import listeners

    leases = {listeners.SOCIAL_POST: 8.0, listeners.PUSH_DELIVER: 20.0, listeners.PUSH_VERIFY: 20.0}
    for listener, seconds in leases.items():
        object.__setattr__(listener, "lease", seconds)
    if "services.social.worker" in sys.orig_argv:
        from services.social import concluding, measuring, posting

        posting.LATEST_CALL, concluding.LISTING_LAG, concluding.NEXT_LOOK = 5.0, 1.0, 1.0
        measuring.AGES = (measuring.DAY,)


if os.environ.get("STORM_HASTE"):
    _hasten()
if os.environ.get("STORM_SABOTAGE"):
    importlib.import_module(f"tests.storm.sabotages.{os.environ['STORM_SABOTAGE']}")
if os.environ.get("STORM_STAND_STILL_AT"):
    _stand_still_at(os.environ["STORM_STAND_STILL_AT"], os.environ["STORM_STANDING_STILL"])
