"""Signing in to a network: an account gets its tokens by OAuth 2.0 (RFC 6749, 7636, 8252).

    with Callback() as callback:                                              # services/social/callback.py
        begun = begin(network, account, callback.redirect_uri, door)
        ...                                                                   # a person opens begun.url in a browser
        choices = complete(begun, callback.wait(begun.state), door)

One choice is stored as it is; of several (pages, organisations) a person takes one. Then `check` says who it is. Codes
last as little as 30 seconds and are good once: complete at once, and begin again after a failure.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from urllib.parse import quote, urlencode

from services.social.network import Access, Account, Network
from services.social.outcomes import AccountBroken, Cannot, RefusedByNetwork
from services.social.redirect import code_of
from services.social.sign_in import SignIn
from services.social.tokens import exchange
from shared.http import Door

# Neither has a user name or a fragment.
_HTTPS = re.compile(r"https://[\w.-]+(:\d{1,5})?(/[!$-~]*)?", re.ASCII)
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?(/[!$-~]*)?", re.ASCII)


@dataclass(frozen=True)
class Begun:
    """A sign-in under way: `url` is for the person's browser. Keep it in memory only; `complete` uses it up."""

    network: Network
    account: Account
    redirect_uri: str
    url: str = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def begin(network: Network, account: Account, redirect_uri: str, door: Door) -> Begun:
    """Where to send a person who signs in; the browser is led back to `redirect_uri`.

    Raises Cannot where a network has no sign-in, AccountBroken when the account lacks what it needs or the address will
    not do, and every PostError when the network cannot register an app.
    """
    sign_in = _sign_in(network, account)
    for name in sign_in.needs:
        if name not in account.secrets and not account.settings.get(name):
            raise AccountBroken(f"The account has no {name}. {network.hint(name)}")
    _check_redirect(redirect_uri, sign_in)
    account = network.register(account, redirect_uri, door)
    state, verifier = token_urlsafe(32), token_urlsafe(64)
    query = {
        "response_type": "code",
        "client_id": str(account.settings["client_id"]),
        "redirect_uri": redirect_uri,
        "scope": sign_in.scope(account.settings),
        "state": state,
    }
    if sign_in.pkce:
        query |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    url = f"{sign_in.page}?{urlencode(query, quote_via=quote)}"
    return Begun(network, account, redirect_uri, url, state, verifier)


def complete(begun: Begun, address: str, door: Door) -> tuple[Access, ...]:
    """What the sign-in brought: one access, or one for each page or organisation to choose from.

    `address` is where the browser was led, whole or its query alone. Each access has all the account's settings. An
    account that names its page or organisation already gets no other. Raises PostError: see `code_of`, `exchange` and
    the network's `settle`.
    """
    code = code_of(address, begun.state)
    # The old tokens belong to an earlier sign-in: were one left out now, the old one would not work with the rest.
    account = replace(begun.account, secrets=begun.account.secrets.without("token", "refresh"))
    sign_in = _sign_in(begun.network, account)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": begun.redirect_uri}
    form |= {"code_verifier": begun.verifier} if sign_in.pkce else {}
    form |= {"scope": sign_in.scope(account.settings)} if sign_in.scope_again else {}
    hidden = {"code": code, "verifier": begun.verifier}  # no message shows what stands among the secrets
    asking = replace(account, secrets=account.secrets.renewed(hidden))
    granted = exchange(sign_in, asking, door, form, deadline=begun.network.deadline)
    granted = replace(granted, secrets=granted.secrets.without(*hidden))
    choices = _fitting(account, begun.network.settle(account, granted, door))
    return tuple(replace(each, settings={**account.settings, **each.settings}) for each in choices)


def challenge(verifier: str) -> str:
    """What shows the network that who brings the code is who began (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _sign_in(network: Network, account: Account) -> SignIn:
    sign_in = network.sign_in(account)
    if sign_in is None:
        raise Cannot(f"{network.name} has no sign-in: paste {' and '.join(network.secrets)}.")
    return sign_in


def _check_redirect(address: str, sign_in: SignIn) -> None:
    """Codes travel in this address: https, or http that does not leave the machine (RFC 8252, section 7.3)."""
    if not (_HTTPS.fullmatch(address) or (sign_in.loopback and _LOOPBACK.fullmatch(address))):
        accepted = "https://…, or http://127.0.0.1 with any port and path" if sign_in.loopback else "https://…"
        raise AccountBroken(f"The redirect_uri {address!r} cannot be used; accepted: {accepted}.")


def _fitting(account: Account, choices: Sequence[Access]) -> tuple[Access, ...]:
    """The choices that are what the account names already; all of them where it names nothing."""
    fitting = tuple(each for each in choices if _fits(account, each))
    if not fitting:
        found = ", ".join(f"{each.name} ({' '.join(map(str, each.settings.values()))})" for each in choices)
        named = ", ".join(str(account.settings[name]) for name in choices[0].settings)
        raise RefusedByNetwork(f"The person who signed in may not post as {named}, but as {found}.")
    return fitting


def _fits(account: Account, choice: Access) -> bool:
    return all(str(account.settings.get(name) or value) == str(value) for name, value in choice.settings.items())
