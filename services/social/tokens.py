"""Token endpoints (RFC 6749): how they are asked, what they answer, and how they refuse."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.social.calling import Caller, Reply, words_of
from services.social.network import Access, Account
from services.social.outcomes import AccountBroken, PostError, RefusedByNetwork
from services.social.sign_in import SignIn
from shared.http import Door

# Seconds above which a lifetime is not believed: 30 years.
_LONGEST = 10**9


def exchange(sign_in: SignIn, account: Account, door: Door, form: Mapping[str, str], *, deadline: float) -> Access:
    """Asks for tokens by what stands in `form` (sections 4.1.3 and 6).

    Raises AccountBroken for every refusal: until a person signs in again, nothing can be posted.
    """
    client, headers = _client(sign_in, account)
    caller = Caller(door, account, sign_in.server, deadline=deadline, judge=sign_in.judge or _judge)
    try:
        reply = caller.call("POST", sign_in.token, form={**form, **client}, headers=headers)
    except RefusedByNetwork as refused:
        raise AccountBroken(str(refused)) from None
    return access(reply, account, sign_in.lasts)


def access(reply: Reply, account: Account, lasts: timedelta | None = None) -> Access:
    """The account's secrets with the tokens of an answer (section 5.1). Raises NotSent when it has no access token.

    `lasts`: how long the network documents them to last, for answers that do not tell. With a refresh token the account
    needs a person when that one runs out, which few networks tell.
    """
    ends = after(reply.get("expires_in")) or (datetime.now(UTC) + lasts if lasts else None)
    tokens = {"token": reply.secret("access_token"), "refresh": reply.get("refresh_token")}
    secrets = account.secrets.renewed(tokens)
    expires = after(reply.get("refresh_token_expires_in")) if "refresh" in secrets else ends
    return Access(secrets, expires, ends)


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    """A refusal in the words of section 5.2."""
    if status not in (400, 401):
        return None
    return AccountBroken(words_of(fields.get("error_description") or fields.get("error") or f"HTTP {status}"))


def after(seconds: object) -> datetime | None:
    """The instant so many seconds from now, as networks tell lifetimes; None for what is no lifetime."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= _LONGEST:
        return None
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _client(sign_in: SignIn, account: Account) -> tuple[dict[str, str], dict[str, str]]:
    """How the app says who it is (section 2.3.1): fields of the form, and headers."""
    name = str(account.settings.get("client_id") or "")
    if not name:
        raise AccountBroken("The account has no client_id.")
    if "client_secret" not in account.secrets and "client_secret" not in sign_in.needs:
        return {"client_id": name}, {}
    secret = account.secrets["client_secret"]
    if not sign_in.basic:
        return {"client_id": name, "client_secret": secret}, {}
    pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"client_id": name}, {"Authorization": f"Basic {pair}"}
