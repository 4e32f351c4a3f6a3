"""A sign-in with a browser, from a terminal: of the same machine, or of another one."""

from __future__ import annotations

import select
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime

import click

from services.social.authorising import Begun, begin, complete
from services.social.callback import Callback
from services.social.enrolling import Application
from services.social.network import Access, Account, Network
from services.social.outcomes import NotSent
from shared.http import Door

LOOK = 0.2  # seconds between two looks at what a person pastes while the browser is waited for


def sign_in(network: Network, application: Application, door: Door, port: int) -> Application:
    """The application with the secrets and settings that a person's sign-in brought. Raises PostError."""
    account = application.account()
    wanted = network.sign_in(account)
    assert wanted is not None, f"{network.name} has no sign-in"
    typed = {name: type_secret(network, name) for name in wanted.needs if name in network.more_secrets}
    account = replace(account, secrets=account.secrets.renewed(typed))
    choices = _by_callback(network, account, door, port) if wanted.loopback else _by_paste(network, account, door)
    return application.with_access(_one_of(choices), datetime.now(UTC))


def type_secret(network: Network, name: str, *, or_none: bool = False) -> str:
    """A secret, as a person types or pastes it: nothing of it is seen."""
    click.echo(network.hint(name), err=True)
    if or_none:
        typed: str = click.prompt(f"{name} (empty: none)", "", hide_input=True, show_default=False, err=True)
    else:
        typed = click.prompt(name, hide_input=True, err=True)
    return typed


def _by_callback(network: Network, account: Account, door: Door, port: int) -> Sequence[Access]:
    with Callback(port) as callback:
        begun = begin(network, account, callback.redirect_uri, door)
        _lead(begun, "Where the browser is on another machine, paste the address it ends at.")
        return complete(begun, _address(callback, begun.state), door)


def _address(callback: Callback, state: str) -> str:
    """Where a browser ended, on this machine or as somebody pastes it, whichever comes first. Raises NotSent."""
    came: Future[str] = Future()

    def wait() -> None:
        try:
            came.set_result(callback.wait(state))
        except NotSent as error:
            came.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    while not came.done():
        readable, _, _ = select.select([sys.stdin], [], [], LOOK)
        if readable and (pasted := sys.stdin.readline().strip()) and not callback.offer(pasted):
            click.echo("This is not the address that is waited for.", err=True)
    return came.result()


def _by_paste(network: Network, account: Account, door: Door) -> Sequence[Access]:
    begun = begin(network, account, str(account.settings.get("redirect_uri", "")), door)
    _lead(begun, f"The browser ends at {begun.redirect_uri}, whatever is shown there.")
    return complete(begun, click.prompt("The whole address it ended at", err=True), door)


def _lead(begun: Begun, then: str) -> None:
    click.echo(f"\nOpen this in a browser, and say yes there:\n\n{begun.url}\n\n{then}", err=True)


def _one_of(choices: Sequence[Access]) -> Access:
    if len(choices) == 1:
        return choices[0]
    for number, each in enumerate(choices, start=1):
        click.echo(f"{number}. {each.name}", err=True)
    return choices[click.prompt("Which one", type=click.IntRange(1, len(choices)), err=True) - 1]
