"""The tokens and passwords of an account: never shown, and only such as can stand in a header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from services.social.outcomes import AccountBroken

_LONGEST_SECRET = 10_000


def usable(value: object) -> TypeGuard[str]:
    """Whether this can be a secret: text, and such as can stand in a header."""
    if not isinstance(value, str) or len(value) > _LONGEST_SECRET:
        return False
    bare = value.strip()
    return bool(bare) and bare.isascii() and bare.isprintable()


class Secrets(Mapping[str, str]):
    """Tokens and passwords by name. Shows the names only. White space around a pasted secret is not part of it."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = {name: value.strip() for name, value in (values or {}).items()}

    def __getitem__(self, name: str) -> str:
        """Raises AccountBroken for a secret that is missing, or that could not stand in a header."""
        value = self._values.get(name, "")
        if not value:
            raise AccountBroken(f"The account has no {name}.")
        if not (value.isascii() and value.isprintable()):
            raise AccountBroken(f"The account's {name} holds a line break or a letter that is not ASCII.")
        return value

    def __contains__(self, name: object) -> bool:
        return bool(self._values.get(str(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<secrets: {', '.join(self._values) or 'none'}>"

    def renewed(self, values: Mapping[str, Any]) -> Secrets:
        """These secrets with new values. What can be no secret never takes the place of what there is."""
        return Secrets(self._values | {name: value for name, value in values.items() if usable(value)})

    def without(self, *names: str) -> Secrets:
        return Secrets({name: value for name, value in self._values.items() if name not in names})

    def hidden(self) -> tuple[str, ...]:
        """What must not be shown anywhere: every value, and of an address its path."""
        paths = (value.partition("://")[2].partition("/")[2] for value in self._values.values() if "://" in value)
        return tuple(value for value in (*self._values.values(), *paths) if value)
