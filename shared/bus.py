"""The way to Redis: hints over Celery, nudges to relay. Both may be lost; the outbox is what counts."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import redis
from kombu.exceptions import OperationalError

from shared.offers import Offer
from shared.settings import Settings, with_password

if TYPE_CHECKING:
    from celery import Celery  # its import takes longer than a web process needs for anything else of this file

log = logging.getLogger(__name__)

# How long the request path waits for a Redis that does not answer, and how long it then does without, in seconds.
PATIENCE = 0.2
PAUSE = 1.0
# Hints that may wait in a queue: each brings a batch of rows, so this is work for many seconds.
MOST_HINTS = 100

_ONE_QUICK_REPEAT = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def connect(settings: Settings, *, patience: float = 5.0) -> redis.Redis:
    """A client that never repeats a command by itself: a repeated write is a doubled write."""
    return redis.Redis.from_url(
        settings.redis,
        socket_timeout=patience,
        socket_connect_timeout=min(patience, 2.0),
        health_check_interval=10,
        retry=None,
    )


def broker_url(settings: Settings) -> str:
    """Celery's broker: MASTHEAD_BROKER_URL, else database 1 of the Redis in use."""
    if settings.broker_url:
        return with_password(settings.broker_url, settings.broker_password)
    parts = urlsplit(settings.redis)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host=1"
    return parts._replace(path="/1").geturl()


def nudge_key(installation: str) -> str:
    """The list in which relay finds nudges."""
    return f"masthead:{installation}:nudge"


class Nudge:
    """Tells relay to look now. Costs the caller at most PATIENCE when Redis is away, then nothing for a while."""

    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._key = nudge_key(installation)
        self._silent_until = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.lpush(self._key, 1)
                pipe.ltrim(self._key, 0, 3)
                pipe.execute()
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("relay was not nudged, it will look by itself: %s", error)


class Bus(Protocol):
    """Sends hints."""

    def send(self, offers: Iterable[Offer]) -> None: ...

    def pulse(self, service: str) -> None: ...


class CeleryBus:
    """Hints as Celery messages: the listener's name and one number."""

    def __init__(self, app: Celery) -> None:
        # Without these, each hint to a broker that is away would wait for it for six seconds.
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, **_ONE_QUICK_REPEAT}
        self._app = app

    def send(self, offers: Iterable[Offer]) -> None:
        for queue, some in groupby(offers, lambda offer: offer.listener.partition(".")[0]):
            if self._has_room(queue):
                for offer in some:
                    self._publish(offer.listener, [offer.row_id])

    def pulse(self, service: str) -> None:
        if self._has_room(service):
            self._publish(f"{service}.pulse", [], expires=10)

    def _has_room(self, queue: str) -> bool:
        """False while enough hints lie in a queue to keep its worker busy, or when the broker is away.

        What is not sent is offered again in a few seconds. So a worker that is away for days costs the broker nothing.
        """
        try:
            with self._app.pool.acquire(block=True) as connection:
                if connection.transport.driver_type != "redis":
                    return True  # RabbitMQ keeps a long queue on disk
                return bool(connection.default_channel.client.llen(queue) < MOST_HINTS)
        except (OperationalError, redis.RedisError, OSError) as error:
            log.warning("no hints to %s, the broker does not answer: %r", queue, error)
            return False

    def _publish(self, task: str, args: list[Any], **options: Any) -> bool:
        try:
            self._app.send_task(
                task, args=args, queue=task.partition(".")[0], retry=False, ignore_result=True, **options
            )
        except (OperationalError, redis.RedisError, OSError) as error:
            log.warning("hint %s was not sent: %r", task, error)
            return False
        return True
