"""Requests that would hinder others are made to wait a little, then told to come back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from services.ingest import in_flight, places
from services.ingest.in_flight import InFlight
from services.ingest.places import Places
from shared.errors import Conflict, Refused


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "PATIENCE", 0.02)
    monkeypatch.setattr(places, "PATIENCE", 0.02)


def test_a_second_request_under_the_same_key_is_told_to_come_back() -> None:
    keys = InFlight()
    with keys.after_first("a"):
        with pytest.raises(Conflict) as caught, keys.after_first("a"):
            pass
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (409, "1")
        with keys.after_first("b"):
            pass
    with keys.after_first("a"):
        pass


def test_a_key_is_free_again_after_a_failure() -> None:
    keys = InFlight()
    with pytest.raises(ZeroDivisionError), keys.after_first("a"):
        raise ZeroDivisionError
    with keys.after_first("a"):
        pass


def test_repeats_go_on_together_once_the_first_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "PATIENCE", 30)
    waiting, together = threading.Semaphore(0), threading.Barrier(4)

    class Watched(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.release()
            return super().wait(timeout)

    monkeypatch.setattr(in_flight, "threading", SimpleNamespace(Event=Watched, Lock=threading.Lock))
    keys = InFlight()
    log: list[str] = []

    def repeat() -> None:
        with keys.after_first("a"):
            log.append("repeat")
            together.wait(20)

    with ThreadPoolExecutor(4) as pool:
        with keys.after_first("a"):
            repeats = [pool.submit(repeat) for _ in range(4)]
            for _ in repeats:
                assert waiting.acquire(timeout=20)
            log.append("first")
        for each in repeats:
            each.result(20)
    assert log == ["first"] + ["repeat"] * 4


def test_one_publisher_cannot_take_the_places_of_another() -> None:
    room = Places(2)
    with room.place("slow"), room.place("slow"):
        with pytest.raises(Refused) as caught:
            room.take("slow")
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (429, "1")
        with room.place("other"):
            pass
    with room.place("slow"):
        pass


def test_whoever_does_not_want_to_wait_for_a_place_is_told_at_once() -> None:
    room = Places(1)
    assert room.try_to_take("a")
    assert not room.try_to_take("a")
    room.give_back("a")
    assert room.try_to_take("a")


def test_a_place_given_back_goes_to_who_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PATIENCE", 30)
    room = Places(1)
    room.take("a")
    waiting = threading.Thread(target=room.take, args=("a",))
    waiting.start()
    room.give_back("a")
    waiting.join(10)
    assert not waiting.is_alive()
