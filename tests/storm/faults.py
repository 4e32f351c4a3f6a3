"""What goes wrong while the clients work: a schedule that is a pure function of the seed, and the hand that does it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from tests.storm.recorder import Recorder
from tests.system import Installation, wait_for

ROOT = Path(__file__).resolve().parents[2]
INJECTED = Path(__file__).with_name("sabotages")

# Processes of `masthead up` by the names its supervisor gives them, and those that have children of their own.
WEBS = ("ingest", "feed", "push")
WORKERS = ("enrich-worker", "count-worker", "feed-worker", "push-worker", "social-worker")
PROCESSES = (*WEBS, *WORKERS, "relay", "valkey")
PARENTS = (*WEBS, *WORKERS)
FREEZE = 2.0
AHEAD = 3.0
TARGET_WITHIN = 30.0


@dataclass(frozen=True, order=True)
class Fault:
    at: float  # seconds after the storm began
    kind: str  # kill, kill child, cut, flush, freeze
    target: str


def schedule(seed: int, seconds: float, *, kills: int = 5) -> list[Fault]:
    """SIGKILL for each process and for a child of each that has any, so many times; connections cut twice of each
    type, one FLUSHALL and one Valkey that stands still; in random order, spread over the time."""
    rng = random.Random(f"faults {seed}")
    wanted = [("kill", name) for name in PROCESSES] + [("kill child", name) for name in PARENTS]
    chosen = wanted * kills + [("cut", "normal"), ("cut", "pubsub")] * 2 + [("flush", "valkey"), ("freeze", "valkey")]
    rng.shuffle(chosen)
    step = seconds / len(chosen)
    return [Fault((place + rng.random()) * step, *what) for place, what in enumerate(chosen)]


class Storm(threading.Thread):
    """Does the faults of a schedule, one after the other, each when its target is there."""

    def __init__(self, installation: Installation, recorder: Recorder, faults: list[Fault], seed: int) -> None:
        super().__init__(daemon=True)
        self._rng = random.Random(f"storm {seed}")
        self._installation = installation
        self._recorder = recorder
        self._faults = sorted(faults)
        self._valkey = redis.Redis.from_url(
            f"unix://{installation.settings.valkey_socket}", socket_timeout=2, retry=None
        )
        self._done: list[Fault] = []

    @property
    def done(self) -> int:
        return len(self._done)

    @property
    def missed(self) -> list[str]:
        """Faults that could not be done, because their target did not come back in time."""
        return [f"{each.kind} {each.target}" for each in self._faults if each not in self._done]

    def run(self) -> None:
        began = time.monotonic()
        for fault in self._faults:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            if self._do(fault):
                self._done.append(fault)

    def _do(self, fault: Fault) -> bool:
        deadline = time.monotonic() + TARGET_WITHIN
        while time.monotonic() < deadline:
            try:
                self._strike(fault)
            except (psutil.NoSuchProcess, IndexError, redis.RedisError):
                time.sleep(0.05)  # it is down already and on its way back
                continue
            self._recorder.note("fault", kind=fault.kind, target=fault.target)
            return True
        return False

    def _strike(self, fault: Fault) -> None:
        match fault.kind:
            case "kill":
                self._process(fault.target).kill()
            case "kill child":
                children = self._process(fault.target).children()
                self._rng.choice(children).kill()
            case "freeze":
                process = self._process(fault.target)
                process.suspend()
                time.sleep(FREEZE)
                process.resume()
            case "cut":
                self._valkey.execute_command("CLIENT", "KILL", "TYPE", fault.target, "SKIPME", "yes")
            case "flush":
                self._valkey.flushall()

    def _process(self, name: str) -> psutil.Process:
        process = psutil.Process(self._installation.pids()[name])
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.NoSuchProcess(process.pid)
        return process


class SecondHost:
    """Another relay and another enrich worker on the same record and broker, as a second machine would run them.

    The worker stands still for longer than a lease, once, with its work done and not yet stored: what it then wants to
    store was given to others long ago.
    """

    def __init__(self, installation: Installation, recorder: Recorder) -> None:
        self._recorder = recorder
        self._standing = installation.var / "standing-still"
        self._log = installation.log.with_name("second-host.log")
        self._environment = installation.environment | {
            "MASTHEAD_CRASH_AT": "",
            "MASTHEAD_ENRICH_PROCESSES": "1",
            "STORM_STAND_STILL_AT": "enrich.after_pipeline",
            "STORM_STANDING_STILL": str(self._standing),
        }
        inject(self._environment)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._processes = [
                subprocess.Popen(
                    [sys.executable, "-m", module],
                    env=self._environment,
                    cwd=ROOT,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                for module in ("services.enrich.worker", "services.relay")
            ]

    def stand_still(self, seconds: float, *, within: float) -> None:
        """Waits until the pool child has stopped itself, keeps it so for the time, and lets it go on."""
        wait_for(self._standing.exists, seconds=within, what=f"the second host took work, see {self._log}")
        main = psutil.Process(self._processes[0].pid)
        (child,) = main.children()
        main.suspend()  # or it would end the child for taking too long
        self._recorder.note("fault", kind="stand still", target="second enrich worker")
        time.sleep(seconds)
        child.resume()
        self._recorder.note("fault", kind="go on", target="second enrich worker")
        time.sleep(AHEAD)  # time to store what it has, before anybody tells it that it is late
        main.resume()

    def close(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def inject(environment: dict[str, str]) -> None:
    """Lets Python processes started with this environment load tests/storm/sabotages/sitecustomize.py first."""
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(INJECTED), str(ROOT), *([known] if known else [])])
