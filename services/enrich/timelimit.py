"""An end to work that takes too long."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")


class OutOfTime(BaseException):
    """The seconds of `run_limited` are over. No Exception, lest the work it ends take it for a fault of its own."""


def run_limited(seconds: float, work: Callable[[], Result]) -> tuple[Result, float]:
    """What `work` returns, and the seconds it took. Raises OutOfTime.

    Only the main thread can be interrupted, by SIGALRM, between two steps of Python code; elsewhere the caller has to
    judge the time afterwards. The process's own alarm and its handler are put back.
    """
    begun = time.monotonic()
    if threading.current_thread() is not threading.main_thread():
        return work(), time.monotonic() - begun

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            result = work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return result, time.monotonic() - begun
    finally:
        signal.signal(signal.SIGALRM, handler if handler is not None else signal.SIG_DFL)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)
