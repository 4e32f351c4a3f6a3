"""Publishers' systems: they submit, repeat what got no answer, edit and withdraw, several at a time."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from tests.storm.plan import AGENCIES, Story
from tests.storm.recorder import FAIL, INFO, OK, Call, Recorder
from tests.system import Installation

ANSWER_WITHIN = (2.0, 20.0)  # seconds to connect, to answer
AGAIN_AFTER = 0.3
BATCH = 15


class Agenda:
    """Things to do, each at its time, done by several threads; doing one may add others."""

    def __init__(self) -> None:
        self._todo: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._open = 0  # to be done and being done
        self._changed = threading.Condition()

    def add(self, due: float, action: Callable[[], None]) -> None:
        """`due` as time.monotonic() has it."""
        with self._changed:
            self._open += 1
            heapq.heappush(self._todo, (due, next(self._order), action))
            self._changed.notify_all()

    def work_off(self, threads: int) -> None:
        """Returns when nothing is left."""
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            finally:
                with self._changed:
                    self._open -= 1
                    self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while self._open:
                wait = self._todo[0][0] - time.monotonic() if self._todo else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._todo)[2]
                self._changed.wait(wait)
        return None


class Publishers:
    """The clients of one campaign."""

    def __init__(self, installation: Installation, recorder: Recorder, keys: Mapping[str, str], seed: int) -> None:
        self._articles = f"{installation.api}/v1/articles"
        self._recorder = recorder
        self._keys = keys  # by agency
        self._rng = random.Random(f"publishers {seed}")
        self._agenda = Agenda()
        self._local = threading.local()
        self._give_up_at = math.inf

    def lose_patience(self, *, after: float) -> None:
        """From so many seconds on, nobody tries again."""
        self._give_up_at = time.monotonic() + after

    def run(self, stories: list[Story], *, seconds: float, clients: int = 6) -> None:
        """Spreads the submissions over so many seconds; returns when all is said."""
        began = time.monotonic()
        for group in self._groups(stories):
            due = began + self._rng.uniform(0, seconds)
            if len(group) > 1:
                self._agenda.add(due, lambda group=group: self._submit_batch(group))
            else:
                for _ in range(2 if group[0].twice else 1):
                    self._agenda.add(due, lambda story=group[0]: self._submit(story))
        self._agenda.work_off(clients)

    def _groups(self, stories: list[Story]) -> Iterator[list[Story]]:
        """About one story in seven goes in a batch, as from a CMS that sends its backlog; the others go alone."""
        batches: dict[str, list[Story]] = {agency: [] for agency in AGENCIES}
        for story in stories:
            plain = story.external_id and not story.idempotency_key and not story.twice
            if not plain or self._rng.random() > 0.3:
                yield [story]
                continue
            batch = batches[story.agency]
            batch.append(story)
            if len(batch) == BATCH:
                yield batch
                batches[story.agency] = []
        yield from filter(None, batches.values())

    def _submit(self, story: Story) -> None:
        def attempt() -> Call:
            with self._recorder.call("submit", story.key, version=1) as call:
                headers = {"Idempotency-Key": story.idempotency_key} if story.idempotency_key else {}
                answer = self._send(call, story, "POST", self._articles, story.content(story.versions[0]), headers)
                if answer is not None and call.outcome == OK:
                    call.end(OK, id=answer.json()["id"])
            return call

        call = self._try(attempt, may_repeat=story.repeatable and not story.gives_up)
        if call.outcome == OK:
            self._next_step(story, call.details["id"], 1)

    def _submit_batch(self, stories: list[Story]) -> None:
        left = stories
        for _ in self._turns():
            acknowledged = self._send_batch(left)
            for story in left:
                if story.key in acknowledged:
                    self._next_step(story, acknowledged[story.key], 1)
            left = [story for story in left if story.key not in acknowledged]
            if not left:
                return

    def _send_batch(self, stories: list[Story]) -> dict[str, str]:
        """One request for all; gives the ids of those that were acknowledged before it ended or broke off."""
        body = "".join(json.dumps(story.content(story.versions[0])) + "\n" for story in stories).encode()
        headers = self._headers(stories[0]) | {"Content-Type": "application/x-ndjson"}
        acknowledged: dict[str, str] = {}
        with ExitStack() as stack:
            calls = [
                stack.enter_context(self._recorder.call("submit", story.key, version=1, batch=len(stories)))
                for story in stories
            ]
            try:
                url, session = f"{self._articles}/batch", self._session
                with session.post(url, data=body, headers=headers, timeout=ANSWER_WITHIN, stream=True) as answer:
                    for said in map(json.loads, answer.iter_lines() if answer.ok else ()):
                        place = said["line"] - 1
                        if said["status"] in (200, 202):
                            acknowledged[stories[place].key] = said["id"]
                            calls[place].end(OK, id=said["id"], status=said["status"])
                        else:
                            calls[place].end(FAIL, refused=said)
            except (requests.RequestException, ValueError) as error:
                for call in calls if _never_sent(error) else ():
                    call.end(FAIL)
        return acknowledged

    def _next_step(self, story: Story, article_id: str, version: int) -> None:
        """What its publisher does with a version that was accepted: replace it, withdraw it, or let it be."""
        now = time.monotonic()
        if version < len(story.versions):
            self._agenda.add(now + story.edited_after, lambda: self._replace(story, article_id, version + 1))
        elif story.withdrawn_after is not None:
            self._agenda.add(now + story.withdrawn_after, lambda: self._withdraw(story, article_id))

    def _replace(self, story: Story, article_id: str, version: int) -> None:
        unanswered = False

        def attempt() -> Call:
            nonlocal unanswered
            with self._recorder.call("replace", story.key, version=version) as call:
                url, headers = f"{self._articles}/{article_id}", {"If-Match": f'"{version - 1}"'}
                answer = self._send(call, story, "PUT", url, story.content(story.versions[version - 1]), headers)
                # Nobody else edits this article: when it is no longer at the old version, a lost attempt was heard.
                if unanswered and answer is not None and answer.status_code == 412:
                    call.end(OK, status=412, refused=None)
                unanswered = unanswered or call.outcome == INFO
            return call

        if self._try(attempt, may_repeat=not story.gives_up).outcome == OK:
            self._next_step(story, article_id, version)

    def _withdraw(self, story: Story, article_id: str) -> None:
        def attempt() -> Call:
            with self._recorder.call("withdraw", story.key) as call:
                self._send(call, story, "DELETE", f"{self._articles}/{article_id}", None, {})
            return call

        self._try(attempt, may_repeat=not story.gives_up)

    def _try(self, attempt: Callable[[], Call], *, may_repeat: bool) -> Call:
        """Repeats a call that failed, and one whose outcome is unknown if its publisher may; the last one."""
        for _ in self._turns():
            call = attempt()
            if call.outcome == OK or call.details.get("refused") or (call.outcome == INFO and not may_repeat):
                break
        return call

    def _turns(self) -> Iterator[None]:
        """Turns of a client that keeps trying, with a pause between two."""
        yield
        while time.monotonic() < self._give_up_at:
            time.sleep(AGAIN_AFTER)
            yield

    def _send(
        self, call: Call, story: Story, method: str, url: str, content: Any, headers: Mapping[str, str]
    ) -> requests.Response | None:
        """Sends one request and says on the call how it ended; the answer, if one came."""
        try:
            answer = self._session.request(
                method, url, json=content, headers=self._headers(story) | dict(headers), timeout=ANSWER_WITHIN
            )
        except requests.RequestException as error:
            call.end(FAIL if _never_sent(error) else INFO, error=type(error).__name__)
            return None
        if answer.ok:
            call.end(OK, status=answer.status_code)
        elif answer.status_code >= 500:
            call.end(INFO, status=answer.status_code)
        elif answer.status_code in (409, 429):  # to be repeated later
            call.end(FAIL, status=answer.status_code)
        else:
            call.end(FAIL, status=answer.status_code, refused=answer.text[:500])
        return answer

    def _headers(self, story: Story) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[story.agency]}"}

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        return self._local.session  # type: ignore[no-any-return]


def _never_sent(error: Exception) -> bool:
    """Whether no connection was made, so that the request cannot have been heard."""
    return isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)
