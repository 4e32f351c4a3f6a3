"""Starts processes, prefixes what they print, starts them anew when they end, and stops them in order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import IO

from shared.errors import ConfigurationError
from shared.health import SILENCE, WATCH_EVERY
from shared.program import UNUSABLE

COLOURS = cycle(("36", "33", "32", "35", "34", "96", "93"))
# Seconds between an unexpected end and the new start.
RESTART_AFTER = 1.0
# Seconds a process has to stop by itself: a busy worker pool can take half a minute.
STOP_PATIENCE = 40.0
# Seconds that killed processes may take to be gone, their ports free.
LEFTOVER_PATIENCE = 5.0
# Columns of the longest name.
WIDTH = 14


class Process:
    """One supervised process; it leads a process group of its own, so that Ctrl-C reaches only the supervisor."""

    def __init__(self, name: str, command: Sequence[str], stop_stage: int, is_stuck: Callable[[], bool]) -> None:
        self.name = name
        self.command = list(command)
        self.stop_stage = stop_stage
        self._is_stuck = is_stuck
        self._started_at = 0.0
        self._watched_at = 0.0
        self._prefix = name.ljust(WIDTH)
        self._colour = next(COLOURS)
        self._child: subprocess.Popen[str] | None = None
        self._restart_at = 0.0
        self._output: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self, environment: Mapping[str, str]) -> None:
        self._started_at = self._watched_at = time.monotonic()
        self._child = subprocess.Popen(  # noqa: S603 - our own programs
            self.command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._child.stdout is not None
        self._output = threading.Thread(target=self._copy, args=(self._child.stdout,), daemon=True)
        self._output.start()

    def look_after(self, environment: Mapping[str, str]) -> bool:
        """Starts the process anew some time after it ended, and ends it when it is stuck. True when it was started.

        Raises ConfigurationError when it says that starting anew would not help.
        """
        if self._child is None:
            return False
        if self._child.poll() is None:
            self._end_when_stuck()
            return False
        if not self._restart_at:
            self._finish_output()
            if self._child.returncode == UNUSABLE:
                raise ConfigurationError(f"{self.name} cannot run; its last line above says why.")
            self.say(f"ended with {self._child.returncode}, starting anew")
            self._restart_at = time.monotonic() + RESTART_AFTER
        if time.monotonic() < self._restart_at:
            return False
        self._restart_at = 0.0
        _signal_group(self._child.pid, signal.SIGKILL)  # what a killed process leaves behind must not go on
        self.start(environment)
        return True

    def ask_to_stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)

    def wait(self, deadline: float) -> None:
        """Waits until the process has ended; kills its whole group at the deadline."""
        if self._child is None:
            return
        try:
            self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say("did not stop in time and is killed")
        _signal_group(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._finish_output()
        self.say("stopped")

    @property
    def has_ended(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def _end_when_stuck(self) -> None:
        now = time.monotonic()
        if now - self._started_at < SILENCE or now - self._watched_at < WATCH_EVERY:
            return
        self._watched_at = now
        if self._is_stuck() and self._child is not None:
            self.say(f"took no message for {SILENCE:.0f} s while work is on offer, and is killed")
            _signal_group(self._child.pid, signal.SIGKILL)

    def say(self, text: str) -> None:
        prefix = f"\033[{self._colour}m{self._prefix}\033[0m" if sys.stdout.isatty() else self._prefix
        say(f"{prefix} | {text}")

    def _finish_output(self) -> None:
        """Waits a moment for the last lines: what the process left behind may hold its output open."""
        if self._output:
            self._output.join(1.0)

    def _copy(self, output: IO[str]) -> None:
        for line in output:
            if line.strip():
                self.say(line.rstrip())


class Supervisor:
    """Keeps a set of processes going and writes their pids where `masthead down` and operators find them."""

    def __init__(self, environment: Mapping[str, str], pid_file: Path) -> None:
        self._environment = environment
        self._pid_file = pid_file
        self._processes: list[Process] = []
        self.stopping = threading.Event()

    def start(
        self, name: str, command: Sequence[str], stop_stage: int, *, is_stuck: Callable[[], bool] = lambda: False
    ) -> Process:
        """Starts a process; `is_stuck` is asked now and then whether it goes on without getting anywhere."""
        process = Process(name, command, stop_stage, is_stuck)
        process.start(self._environment)
        self._processes.append(process)
        self._write_pids()
        return process

    def run(self) -> None:
        """Looks after the processes until somebody asks to stop, then stops them in order."""
        while not self.stopping.wait(0.2):
            self.look_after()

    def look_after(self) -> None:
        """Raises ConfigurationError when a process cannot run at all."""
        restarted = [process for process in self._processes if process.look_after(self._environment)]
        if restarted:
            self._write_pids()

    def stop(self) -> None:
        for stage in sorted({process.stop_stage for process in self._processes}):
            ending = [process for process in self._processes if process.stop_stage == stage]
            for process in ending:
                process.ask_to_stop()
            deadline = time.monotonic() + STOP_PATIENCE
            for process in ending:
                process.wait(deadline)
        self._pid_file.unlink(missing_ok=True)

    def _write_pids(self) -> None:
        pids = {process.name: process.pid for process in self._processes} | {"supervisor": os.getpid()}
        unfinished = self._pid_file.with_suffix(".new")
        unfinished.write_text(json.dumps(pids, indent=1))
        unfinished.replace(self._pid_file)


def say(line: str) -> None:
    """Prints a line. That nobody reads any more, a closed terminal say, must keep no process from being stopped."""
    try:
        print(line, flush=True)
    except OSError:
        # What is left in the buffer would fail again at the end, and become the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stop_leftovers(pid_file: Path) -> None:
    """Ends processes of a supervisor that was killed before it could stop them, and waits until they are gone."""
    try:
        pids = json.loads(pid_file.read_text())
    except (OSError, ValueError):
        return
    left = [pid for name, pid in pids.items() if name != "supervisor" and _is_ours(pid)]
    for pid in left:
        _signal_group(pid, signal.SIGKILL)
    deadline = time.monotonic() + LEFTOVER_PATIENCE
    while any(_group_exists(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


def _is_ours(pid: int) -> bool:
    """Whether a pid still belongs to one of our programs: numbers are given to others after a while."""
    if Path("/proc/self").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return False
    else:
        asked = ["ps", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return "services." in command or "valkey-server" in command


def _group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
