"""Celery's options for each broker."""

from __future__ import annotations

import pytest

from shared.settings import Settings
from shared.worker import celery_app


@pytest.mark.parametrize("url", ["redis://localhost/1", "redis+socket:///tmp/valkey.sock"])
def test_keys_on_redis_carry_the_installation(url: str) -> None:
    options = celery_app(Settings(broker_url=url), "inst", "count").conf.broker_transport_options
    assert options["global_keyprefix"] == "masthead:inst:"


@pytest.mark.parametrize("url", ["amqp://localhost//", "pyamqp://localhost//", "amqps://localhost//"])
def test_rabbitmq_gets_quorum_queues_and_none_of_the_options_of_redis(url: str) -> None:
    settings = celery_app(Settings(broker_url=url), "inst", "count").conf
    assert settings.task_default_queue_type == settings.task_create_missing_queue_type == "quorum"
    assert settings.broker_transport_options == {"confirm_publish": True, "read_timeout": 5, "write_timeout": 5}


def test_hints_are_never_acknowledged_before_the_work_is_done() -> None:
    settings = celery_app(Settings(), "inst", "count").conf
    assert settings.task_acks_late and settings.task_reject_on_worker_lost
