"""Everything Masthead raises on purpose.

MastheadError
├── Refused               what a client sent cannot be taken; becomes a problem+json 4xx
│   ├── Invalid           422: a field is wrong (each fault says where, what was found, what is accepted)
│   ├── Conflict          409 or 412: the article's state does not allow it
│   ├── Unauthorised      401 or 403: the key is missing, wrong or revoked
│   └── NotFound          404
├── ConfigurationError    a setting or publication.toml cannot be used; says which and how to mend it
├── LeaseLost             another worker holds the row now: drop the work, write nothing
├── StepFailed            a step of the enrichment pipeline failed or ran out of time
└── OutboundError         a call to another server failed
    └── AddressRefused    the address is private, or otherwise not one we call for others
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class MastheadError(Exception):
    """Base of the tree."""


@dataclass(frozen=True)
class Fault:
    """One wrong place in a request: a JSON Pointer (RFC 6901) into its body, else the name of a header or parameter."""

    pointer: str
    detail: str
    found: Any = None
    accepted: str = ""
    header: str = ""
    parameter: str = ""

    def as_json(self) -> dict[str, Any]:
        where = {"header": self.header} if self.header else {"parameter": self.parameter} if self.parameter else {}
        return {
            **(where or {"pointer": self.pointer}),
            "detail": self.detail,
            "found": self.found,
            "accepted": self.accepted,
        }


class Refused(MastheadError):
    """A request that cannot be taken, in the terms of RFC 9457."""

    status = 400
    title = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        faults: list[Fault] | None = None,
        status: int | None = None,
        title: str | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults or []
        self.status = status or self.status
        self.title = title or self.title
        self.headers = headers or {}
        self.extra = extra or {}


class Invalid(Refused):
    status = 422
    title = "The article cannot be accepted as it is"


class Conflict(Refused):
    status = 409
    title = "Conflict with the article's state"


class Unauthorised(Refused):
    status = 401
    title = "A valid API key is needed"


class NotFound(Refused):
    status = 404
    title = "Not found"


class ConfigurationError(MastheadError):
    pass


class LeaseLost(MastheadError):
    pass


class StepFailed(MastheadError):
    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step = step
        self.reason = reason


class OutboundError(MastheadError):
    """`reached` is False when certainly nothing of the request reached the server."""

    def __init__(self, message: str, *, reached: bool = True) -> None:
        super().__init__(message)
        self.reached = reached


class AddressRefused(OutboundError):
    def __init__(self, message: str, *, reached: bool = False) -> None:
        super().__init__(message, reached=reached)
