"""Notices to staff over real HTTP and SMTP: taken or not, in time, and without secrets in what is said."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from email import message_from_string, policy

import pytest

from services.social.notices import Notice
from services.social.sink import NotTaken, Sink
from tests.subscribers import Received, Subscribers, says

NOTICE = Notice("Herald cannot post – تنبيه", "The network refused <the account> & said no.", "Renew it.")
SECRET = "s3cret-Path_1"


class PostOffice(socketserver.ThreadingTCPServer):
    """Takes mail, but for people it does not know."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Clerk)
        self.port = self.server_address[1]
        self.letters: list[str] = []


class _Clerk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 mail.example\r\n")
        while line := self.rfile.readline().upper():
            if line.startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                self.server.letters.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
            unknown = line.startswith(b"RCPT") and b"NOBODY@" in line
            self.wfile.write(b"550 no such person\r\n" if unknown else b"250 yes\r\n")


@pytest.fixture
def chat() -> Iterator[Subscribers]:
    with Subscribers() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[PostOffice]:
    with PostOffice() as office:
        threading.Thread(target=office.serve_forever, args=(0.01,), daemon=True).start()
        yield office
        office.shutdown()


def address(chat: Subscribers, path: str = "/callback", query: str = "") -> str:
    return f"json://user:s3cret-Pass@127.0.0.1:{chat.port}{path}{query}"


def letterbox(mail: PostOffice, name: str) -> str:
    return f"mailto://127.0.0.1:{mail.port}/?from=masthead@news.example&to={name}@news.example&mode=insecure"


def refuses(received: Received) -> bytes:
    return says(403)


def test_every_address_is_told_once(chat: Subscribers) -> None:
    Sink([address(chat), address(chat, "/other")]).send(NOTICE)
    for path in ("/callback", "/other"):
        (received,) = chat.deliveries(path)
        told = json.loads(received.body)
        assert told["title"] == NOTICE.headline
        assert told["message"] == f"{NOTICE.sentence}\n\nWhat to do: {NOTICE.todo}"
        assert told["type"] == "warning"
        assert told["attachments"] == []


def test_a_mail_says_it_letter_for_letter(mail: PostOffice) -> None:
    Sink([letterbox(mail, "desk")]).send(NOTICE)
    (letter,) = mail.letters
    message = message_from_string(letter, policy=policy.default)
    assert message["Subject"] == NOTICE.headline
    assert message["To"] == "desk@news.example"
    assert NOTICE.sentence in message.get_body(("plain",)).get_content()


def test_a_mail_that_is_refused_was_not_taken(mail: PostOffice) -> None:
    with pytest.raises(NotTaken, match=r"address 1 \(mailto://127.0.0.1:\d+/…\): Sending email to .* failed"):
        Sink([letterbox(mail, "nobody")]).send(NOTICE)
    assert mail.letters == []


def test_one_that_refuses_is_named_without_its_secrets_and_the_others_are_told(chat: Subscribers) -> None:
    chat.behaviours[f"/{SECRET}"] = refuses
    sink = Sink([address(chat, f"/{SECRET}", "?+X-Key=s3cret-Header&retry=3"), address(chat)])
    with pytest.raises(NotTaken) as caught:
        sink.send(NOTICE)
    said = str(caught.value)
    assert said.startswith(
        "The notice “Herald cannot post – تنبيه” was not taken by address 1 (json://user:****@127.0.0.1"
    )
    assert "error=403" in said
    assert "s3cret" not in said
    assert len(chat.deliveries()) == 1
    assert len(chat.deliveries(f"/{SECRET}")) == 1, "repeats are the outbox's, whatever the address says"


def test_a_redirect_is_not_taken_for_an_answer(chat: Subscribers) -> None:
    chat.behaviours["/moved"] = lambda received: says(302, Location=chat.url("/callback"))
    with pytest.raises(NotTaken, match="error=302"):
        Sink([address(chat, "/moved")]).send(NOTICE)
    assert chat.questions() == []


def test_nobody_listening_is_not_taken() -> None:
    with pytest.raises(NotTaken, match="Connection error"):
        Sink(["json://127.0.0.1:1/"]).send(NOTICE)


def test_one_that_hangs_holds_up_nobody_for_longer_than_the_limit(chat: Subscribers) -> None:
    ends = threading.Event()
    chat.behaviours["/hangs"] = lambda received: ends
    sink = Sink([address(chat, "/hangs", "?rto=300&cto=300"), address(chat)], limit=0.5)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(NotTaken, match=r"address 1 \(.*\): no answer within 0.5 seconds$"):
            sink.send(NOTICE)
    assert time.monotonic() - began < 4
    assert len(chat.deliveries("/hangs")) == 1, "the second waited for the first, which hangs"
    assert len(chat.deliveries()) == 2
    ends.set()
