"""Notices to staff: their words, and which addresses can be used."""

from __future__ import annotations

import sys
from datetime import date

import pytest
from apprise import NotificationManager

from services.social.notices import Notice, broken, capped, ending, kept, unconfirmed
from services.social.sink import REFUSED, Sink
from shared.errors import ConfigurationError

GOOD = "json://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (broken("herald", "HTTP 401: The access token is invalid"), "The access token is invalid"),
        (ending("herald", 7, date(2026, 3, 9)), "After 2026-03-09"),
        (ending("herald", 0, date(2026, 3, 9)), "Its access has ended"),
        (unconfirmed("herald", 17, "no answer"), "Post 17 may or may not"),
        (kept("herald", 17, "It was refused."), "Post 17 could not be changed"),
        (capped("herald", "$12.20 were spent"), "$12.20 were spent"),
    ],
)
def test_a_notice_names_the_account_what_happened_and_what_to_do(notice: Notice, words: str) -> None:
    assert "herald" in notice.headline
    assert words in notice.sentence and notice.sentence.endswith(".") and not notice.sentence.endswith("..")
    assert "masthead " in notice.todo and notice.todo.endswith(".")


def test_an_end_is_told_in_days_until_it_is_tomorrow() -> None:
    assert ending("herald", 14, date(2026, 3, 9)).headline == "Access of herald ends in 14 days"
    assert ending("herald", 1, date(2026, 3, 9)).headline == "Access of herald ends tomorrow"
    assert ending("herald", 0, date(2026, 3, 9)).headline == "Access of herald has ended"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("syslog://", "address 2 (syslog://…) is neither HTTP nor mail"),
        ("gnome://", "address 2 (gnome://…) is neither HTTP nor mail"),
        ("xmpp://user:s3cret@host", "address 2 (xmpp://…) is neither HTTP nor mail"),
        ("file:///etc/passwd", "address 2 (file://…) is not one that Apprise can use"),
        ("slack://s3cret", "address 2 (slack://…) is not one that Apprise can use"),
        ("s3cret", "address 2 has no scheme such as mailto://"),
        (
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news?template=/etc/hostname",
            "address 2 (slack://…) is not one that Apprise can use",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_named_without_its_secrets(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Sink([GOOD, url])
    assert f"{why}. Accepted: an address of a service that Apprise reaches over HTTP" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "TIiaj" not in str(caught.value)


def test_all_addresses_that_cannot_be_used_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"address 1 .*; address 3 \(dbus://"):
        Sink(["json://", GOOD, "dbus://"])


def test_whatever_is_not_refused_speaks_http_or_mail() -> None:
    manager = NotificationManager()
    plugins = {scheme: manager[scheme] for scheme in manager.schemas()}
    silent = {scheme for scheme, plugin in plugins.items() if not any(map(_speaks, plugin.__mro__))}
    assert silent - REFUSED == set()
    assert set(plugins) >= REFUSED


def _speaks(plugin: type) -> bool:
    module = sys.modules[plugin.__module__]
    return hasattr(module, "requests") or plugin.__name__ == "NotifyEmail"
