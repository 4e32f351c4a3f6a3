"""The address to which a browser is led by a network's page, read as RFC 6749, section 4.1.2 says. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from services.social.calling import words_of
from services.social.outcomes import AccountBroken, NotSent, PostError, RefusedByNetwork

LONGEST = 8_000
_MOST_PARAMETERS = 30
# What a person says no by; the last two are LinkedIn's.
_DENIED = {"access_denied", "user_cancelled_login", "user_cancelled_authorize"}
_LATER = {"server_error", "temporarily_unavailable"}


def parameters(address: str) -> dict[str, str]:
    """The parameters of a whole address, or of its query alone. Raises AccountBroken for what is neither."""
    text = address.strip()
    if len(text) > LONGEST:
        raise AccountBroken(f"The address has {len(text):,} characters; at most {LONGEST:,} are read.")
    before, question, after = text.partition("#")[0].partition("?")
    try:
        found = parse_qsl(after if question else before, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise AccountBroken(f"The address has more than {_MOST_PARAMETERS} parameters.") from None
    if len({name for name, _ in found}) < len(found):
        raise AccountBroken("The address names one parameter twice.")
    return dict(found)


def belongs(found: Mapping[str, str], state: str) -> bool:
    """Whether these parameters answer the sign-in with this state. Takes as long for every wrong state."""
    return bool(state) and hmac.compare_digest(found.get("state", "").encode(), state.encode())


def code_of(address: str, state: str) -> str:
    """The code that the address brings.

    Raises RefusedByNetwork when the person said no, AccountBroken when the network does not take the app's request or
    the address is not the one that was waited for, NotSent when the network has trouble of its own.
    """
    found = parameters(address)
    if not belongs(found, state):
        wrong = "another state" if "state" in found else "no state"
        raise AccountBroken(
            f"The address has {wrong}: it does not belong to this sign-in. Paste it whole, or begin again."
        )
    if "error" in found or "error_code" in found:
        raise _refusal(found)
    code = found.get("code", "")
    if not (code and code.isascii() and code.isprintable()):
        wrong = "a code with a line break or a letter that is not ASCII" if code else "no code"
        raise AccountBroken(f"The address has {wrong}. Begin again.")
    return code


def _refusal(found: Mapping[str, str]) -> PostError:
    error = found.get("error") or found.get("error_code") or "error"
    words = words_of(found.get("error_description") or found.get("error_message") or "")
    told = f"{words_of(error)}{': ' if words else ''}{words}"
    if error in _DENIED:
        return RefusedByNetwork(f"The sign-in was refused ({told}).")
    if error in _LATER:
        return NotSent(f"The network cannot let anyone sign in now ({told}).")
    return AccountBroken(f"The network does not take the app's request ({told}).")
