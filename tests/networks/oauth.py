"""An authorisation server (RFC 6749 with RFC 7636), as networks describe theirs; strict wherever one of them is."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.networks.server import Answer, Refusal, Request


@dataclass
class Client:
    """An app. `secret` is empty for a public client; `redirects` are compared letter for letter."""

    secret: str = ""
    redirects: set[str] = field(default_factory=set)


@dataclass
class Code:
    client: str
    redirect: str
    challenge: str
    scope: str
    ends: float
    used: bool = False


def refused(error: str, description: str) -> Refusal:
    """RFC 6749, section 5.2."""
    return Refusal(401 if error == "invalid_client" else 400, {"error": error, "error_description": description})


@dataclass
class Authoriser:
    """`issue` makes the answer to a good code. `refuse` words a refusal as the network does.

    `denial`: the parameters with which a person who says no is sent back; None while the person says yes.
    """

    page: str
    token: str
    scopes: set[str]
    issue: Callable[[], dict[str, Any]]
    refuse: Callable[[str, str], Refusal] = refused
    clients: dict[str, Client] = field(default_factory=dict)
    pkce: bool = False
    basic: bool = False
    https_only: bool = False
    scope_again: bool = False  # whether the scopes stand beside the code, and are no more than "read" where they do not
    code_lasts: float = 600.0
    denial: dict[str, str] | None = None
    late: float = 0.0  # seconds that have passed besides those of the clock
    codes: dict[str, Code] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer | None:
        """None for a request that is about something else."""
        if (request.method, request.path) == ("GET", self.page):
            return self._ask(request.query)
        if (request.method, request.path) == ("POST", self.token) and request.form.get("grant_type") != "refresh_token":
            self.authenticate(request)
            return Answer(200, self._exchanged(request.form))
        return None

    def authenticate(self, request: Request) -> None:
        """Section 2.3.1: a confidential client by its header or by the form, a public one by its name."""
        form, header = request.form, request.headers["Authorization"] or ""
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if self.basic and header.startswith("Basic "):
            given, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            if name not in ("", given):
                raise self.refuse("invalid_request", "Two clients are named.")
            name = given
        client = self.clients.get(name)
        if client is None or client.secret != secret or (self.basic and "client_secret" in form):
            raise self.refuse("invalid_client", "Client authentication failed due to unknown client.")

    def _ask(self, query: dict[str, str]) -> Answer:
        """The page on which a person says yes or no; here the person has made up their mind."""
        client, redirect = self.clients.get(query.get("client_id", "")), query.get("redirect_uri", "")
        if client is None or redirect not in client.redirects:  # then nobody is sent anywhere (section 4.1.2.1)
            return Answer(400, "<html><body>The redirect URI is not valid for this app.</body></html>")
        if self.https_only and urlsplit(redirect).scheme != "https":
            return Answer(400, "<html><body>Insecure login blocked.</body></html>")
        back = {"state": query["state"]} if query.get("state") else {}
        return Answer(302, None, {"Location": f"{redirect}?{urlencode(self._said(query, redirect) | back)}#_"})

    def _said(self, query: dict[str, str], redirect: str) -> dict[str, str]:
        if self.denial is not None:
            return self.denial
        if query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        wanted = set(query.get("scope", "").split())
        if not wanted or not wanted <= self.scopes:
            return {"error": "invalid_scope", "error_description": "The requested scope is invalid or unknown."}
        challenge = query.get("code_challenge", "")
        if self.pkce and (len(challenge) != 43 or query.get("code_challenge_method") != "S256"):
            return {"error": "invalid_request", "error_description": "code challenge required"}
        name = f"code-{len(self.codes)}+/="
        ends = time.monotonic() + self.code_lasts
        self.codes[name] = Code(query["client_id"], redirect, challenge, query["scope"], ends)
        return {"code": name}

    def _exchanged(self, form: dict[str, str]) -> dict[str, Any]:
        code = self.codes.get(form.get("code", ""))
        if form.get("grant_type") != "authorization_code":
            raise self.refuse("unsupported_grant_type", "The authorization grant type is not supported.")
        if code is None or form.get("client_id", code.client) != code.client:
            raise self.refuse("invalid_grant", "The provided authorization grant is invalid.")
        if code.used:
            raise self.refuse("invalid_grant", "This authorization code has been used.")
        code.used = True
        if time.monotonic() + self.late > code.ends:
            raise self.refuse("invalid_grant", "This authorization code has expired.")
        if form.get("redirect_uri") != code.redirect:
            raise self.refuse("invalid_grant", "The redirect URI is not the one of the authorization request.")
        if self.scope_again and form.get("scope", "read") != code.scope:
            raise self.refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        if self.pkce and _challenge(form.get("code_verifier", "")) != code.challenge:
            raise self.refuse("invalid_grant", "Value passed for the code verifier did not match the code challenge.")
        return self.issue()


def _challenge(verifier: str) -> str:
    if not 43 <= len(verifier) <= 128:
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
