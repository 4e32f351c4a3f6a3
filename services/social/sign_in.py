"""How a network lets a person sign in by OAuth 2.0, with a code that the browser brings (RFC 6749, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.social.outcomes import PostError


@dataclass(frozen=True)
class SignIn:
    """`page` is the address a person is sent to; `server` and the path `token` are where the code becomes a token.

    `needs`: settings and secrets a person gets from the network beforehand, by registering an app. `pkce`: whether the
    network takes a proof of who began (RFC 7636). `basic`: whether the app's secret goes into a header instead of the
    form. `loopback`: whether the network leads back to http on this machine (RFC 8252, section 7.3); where it does not,
    the setting `redirect_uri` is an https address registered with the app, and a person pastes where the browser ended.
    `scope_again`: whether the scopes are named once more beside the code. `lasts`: how long tokens last where an answer
    does not tell. `judge` reads refusals that are not in the words of RFC 6749.
    """

    page: str
    server: str
    token: str
    scopes: tuple[str, ...]
    needs: tuple[str, ...] = ("client_id", "client_secret")
    pkce: bool = False
    basic: bool = False
    loopback: bool = True
    scope_again: bool = False
    lasts: timedelta | None = None
    judge: Callable[[int, Mapping[str, Any], str], PostError | None] | None = None

    def scope(self, settings: Mapping[str, Any]) -> str:
        """What is asked for; the setting `scopes` replaces it, for an app or a server that knows other names."""
        return str(settings.get("scopes") or " ".join(self.scopes))
