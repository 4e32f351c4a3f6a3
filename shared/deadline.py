"""An end to calls over the network, whatever they wait for."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Deadline:
    """Cuts the connections it holds after some seconds: in TLS, in headers, in a body that drips.

    The time-outs of sockets cannot do that, they begin anew with every byte. Use it as a context.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds
        self._copies: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._until

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def hold(self, connection: socket.socket) -> socket.socket:
        """The same connection, now under this deadline."""
        # A copy, because TLS puts another object in the socket's place; shutting down reaches both.
        self._copies.append(connection.dup())
        self.remaining()
        return connection

    def _cut(self) -> None:
        for each in self._copies:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for each in self._copies:
            each.close()
