"""The one place for Celery: options, the tasks that claim outbox rows, the pulse, and the watchdog.

A message is a hint; what it means is read from the row it names. So a message may be lost, late, doubled or out of
order, and Celery's retry, countdown, beat and results are not used.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from celery import Celery, signals
from celery.platforms import SecurityWarning
from kombu.transport import redis as redis_transport

from shared import crash, logs, outbox
from shared.bus import broker_url
from shared.db import Database
from shared.health import SILENCE, WATCH_EVERY, SignOfLife, has_stopped_consuming
from shared.installation import installation_id
from shared.listeners import BY_NAME
from shared.settings import Settings

log = logging.getLogger(__name__)

# Seconds a task may run: below every lease, so that nobody works on a row that was given to another.
SOFT_TIME_LIMIT = 12
TIME_LIMIT = 15


@dataclass(frozen=True)
class Duties:
    """What a worker of one service does, built in each pool child: connections are never shared between processes."""

    db: Database
    nudge: Callable[[], None]
    handlers: Mapping[str, Callable[[outbox.Claim], None]]  # by listener
    pulse: Callable[[], None]  # asked for by relay every second or two: mends what a lost message left behind
    stop: Callable[[], None] = lambda: None  # called when the pool child ends: what goes on beside tasks ends too


def celery_app(settings: Settings, installation: str, service: str) -> Celery:
    """A Celery application with Masthead's options. Relay uses it too, only to send."""
    app = Celery("masthead", broker=broker_url(settings), set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_soft_time_limit=SOFT_TIME_LIMIT,
        task_time_limit=TIME_LIMIT,
        task_default_queue=service,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=5000,
        worker_max_memory_per_child=400_000,  # KiB
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=10.0,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        **(_for_rabbitmq() if app.connection_for_write().transport.driver_type == "amqp" else _for_redis(installation)),
    )
    return app


def _for_redis(installation: str) -> dict[str, Any]:
    return {
        "broker_transport_options": {
            "visibility_timeout": 300,
            "unacked_restore_interval": 10,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "global_keyprefix": f"masthead:{installation}:",
            "deadletter_queue": "unroutable",
        }
    }


class Places(redis_transport.QoS):
    """The messages a worker has taken and not yet answered for; while all its places are taken, it asks for no more.

    In kombu 5.7.0 a message whose answer cannot be sent keeps its place. A worker that was busy while Redis went away
    then asks for nothing ever again, and so does not even notice that its connection is gone.
    """

    def ack(self, delivery_tag: str) -> None:
        with self._freeing(delivery_tag):
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._freeing(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]

    @contextmanager
    def _freeing(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError):
            self._quick_ack(delivery_tag)
            raise


def _for_rabbitmq() -> dict[str, Any]:
    """Installations that share a RabbitMQ are kept apart by its virtual hosts."""
    return {
        # They outlive the loss of a node, and need no global prefetch limit, which RabbitMQ is giving up.
        "task_default_queue_type": "quorum",
        "task_create_missing_queue_type": "quorum",
        "broker_heartbeat": 10,
        "broker_transport_options": {"confirm_publish": True, "read_timeout": 5, "write_timeout": 5},
    }


def work_through(duties: Duties, listener: str, row_id: int) -> None:
    """Claims what a hint points to and lets the handler do it; a failure is written on the rows with its reason."""
    with duties.db.write() as session:
        claim = outbox.claim(session, BY_NAME[listener], row_id)
    if claim is None:
        return
    crash.reach(f"{claim.listener.queue}.after_claim")
    try:
        duties.handlers[listener](claim)
    except Exception as error:
        log.exception("%s failed on rows %s, attempt %d", listener, [row.id for row in claim.rows], claim.token)
        with duties.db.write() as session:
            outbox.fail(session, claim, f"{type(error).__name__}: {error}")
    duties.nudge()


def run(service: str, settings: Settings, make_duties: Callable[[], Duties], *, processes: int) -> None:
    """Runs a worker of `service` until it is told to stop; `make_duties` is called in each pool child."""
    logs.configure(settings, service)
    redis_transport.Channel.QoS = Places
    crash.arm(settings.crash_at, settings.var)
    # A stop lets running tasks finish for worker_soft_shutdown_timeout and then gives their messages back.
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    watched = Database(settings.sql_url)
    app = celery_app(settings, installation_id(watched), service)
    child: list[tuple[Duties, SignOfLife]] = []

    @signals.worker_process_init.connect(weak=False)
    def _start_child(**_: object) -> None:
        duties = make_duties()
        child.append((duties, SignOfLife(duties.db, service)))

    @signals.worker_process_shutdown.connect(weak=False)
    def _stop_child(**_: object) -> None:
        for duties, _sign_of_life in child:
            duties.stop()

    @signals.worker_ready.connect(weak=False)
    def _start_watchdog(**_: object) -> None:
        threading.Thread(target=_watch, args=(watched, service), daemon=True, name="watchdog").start()

    def declare(listener: str) -> None:
        @app.task(name=listener, shared=False)
        def hint(row_id: int) -> None:
            duties, sign_of_life = child[0]
            work_through(duties, listener, row_id)
            sign_of_life()

    for listener in BY_NAME.values():
        if listener.queue == service:
            declare(listener.name)

    @app.task(name=f"{service}.pulse", shared=False)
    def pulse() -> None:
        duties, sign_of_life = child[0]
        sign_of_life()
        duties.pulse()

    options = ["--queues", service, "--concurrency", str(processes), "--hostname", f"{service}@%h"]
    quiet = ["--loglevel", settings.log_level, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    warnings.filterwarnings("ignore", category=SecurityWarning)  # docs/operate.md says it once, for every service
    app.worker_main(["--quiet", "worker", *options, *quiet])


def _watch(db: Database, service: str) -> None:
    """Ends the process when it has stopped consuming; whoever supervises it starts it anew."""
    started = time.monotonic()
    while True:
        time.sleep(WATCH_EVERY)
        if time.monotonic() - started > SILENCE and has_stopped_consuming(db, service):
            log.error("no message was taken for %.0f s while work is on offer: ending to be started anew", SILENCE)
            os._exit(70)
