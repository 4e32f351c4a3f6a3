"""A program as somebody at a terminal uses it: what stands on the screen, and what is typed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence


class Terminal:
    """A program that runs in a terminal of its own, until it is closed."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.screen = ""
        self._here, there = pty.openpty()
        self._process = subprocess.Popen(
            command, env=dict(environment), stdin=there, stdout=there, stderr=there, start_new_session=True
        )
        os.close(there)

    def until(self, pattern: str, seconds: float = 30.0) -> str:
        """Waits until this is on the screen, and gives what matches."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.screen)) is None:
            assert time.monotonic() < deadline and self._read(), f"{pattern!r} is not on the screen:\n{self.screen}"
        return found[0]

    def type(self, line: str) -> None:
        os.write(self._here, f"{line}\n".encode())

    def end(self, seconds: float = 30.0) -> int:
        """Reads until the program ends, and gives its exit code."""
        while self._read():
            pass
        return self._process.wait(seconds)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._here)

    def _read(self) -> bool:
        """Reads what comes within a second; False once nothing can come any more."""
        ready, _, _ = select.select([self._here], [], [], 1.0)
        if not ready:
            return self._process.poll() is None
        try:
            content = os.read(self._here, 65_536)
        except OSError:  # the program has ended
            return False
        self.screen += content.decode(errors="replace").replace("\r\n", "\n")
        return bool(content)
