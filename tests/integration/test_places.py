"""A worker that was busy while Redis went away asks for messages again afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu import Consumer, Queue
from kombu.transport import redis as redis_transport

from shared.settings import Settings
from shared.worker import Places, celery_app
from tests.valkey import valkey


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A message that fills a worker's only place, from a Redis that has ended since."""
    monkeypatch.setattr(redis_transport.Channel, "QoS", Places)
    with valkey() as url:
        app = celery_app(Settings(redis_url=url), "test", "count")
        with app.connection_for_read() as connection:
            messages: list[Any] = []
            consumer = Consumer(connection, [Queue("count")], on_message=messages.append, prefetch_count=1)
            with consumer:
                app.send_task("count.article", args=[1], queue="count")
                connection.drain_events(timeout=10)
                (message,) = messages
                assert not message.channel.qos.can_consume()
                with redis.Redis.from_url(url, retry=None) as client:
                    client.shutdown(nosave=True, now=True, force=True)
                yield message


@pytest.mark.parametrize("answer", ["ack_log_error", "reject_log_error"])
def test_an_answer_that_cannot_be_sent_frees_the_place(taken: Any, answer: str) -> None:
    getattr(taken, answer)(logging.getLogger(__name__), (redis.ConnectionError, OSError))
    assert taken.channel.qos.can_consume()
