"""Secrets of accounts at rest: encrypted with keys that are not in the record (Fernet: AES-128-CBC with HMAC-SHA256).

Several keys can be in force: the first encrypts, all decrypt. So a new one is put in front, everything is encrypted
anew (`masthead accounts rotate`), and only then the old one is taken away.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.social.credentials import Secrets
from shared.errors import ConfigurationError


class KeysMissing(ConfigurationError):
    """There is no file of keys: what they opened stays shut until it is put back."""


class Vault:
    """Asks for the keys each time, so that workers go on while they are changed: they seal with the newest, and still
    open what they read before a key was taken away.

    Raises ConfigurationError for keys that are none, at once, and for secrets that none of the keys opens.
    """

    def __init__(self, keys: Callable[[], Sequence[str]]) -> None:
        self._keys = keys
        self._known: tuple[str, ...] = ()
        with contextlib.suppress(KeysMissing):  # who opens nothing needs none
            self._boxes()

    def seal(self, secrets: Secrets) -> str:
        """Call it in the transaction that stores what it gives, with the account locked: `rotating` relies on it."""
        content = {name: secrets[name] for name in secrets if name in secrets}
        return self._boxes().encrypt(json.dumps(content).encode()).decode()

    def open(self, sealed: str) -> Secrets:
        try:
            return Secrets(json.loads(self._boxes().decrypt(sealed.encode())))
        except InvalidToken as error:
            raise ConfigurationError(
                "The secrets of an account cannot be decrypted: the key they were encrypted with is missing."
            ) from error

    def renew(self, sealed: str) -> str:
        """The same secrets, encrypted with the first key."""
        return self.seal(self.open(sealed))

    def _boxes(self) -> MultiFernet:
        self._known = tuple(dict.fromkeys((*self._keys(), *self._known)))
        try:
            return MultiFernet([Fernet(key.encode()) for key in self._known])
        except ValueError as error:
            raise ConfigurationError(
                "A key of accounts' secrets is none: 32 random bytes in URL-safe base64, see docs/social-commands.md."
            ) from error


@contextlib.contextmanager
def changing(file: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(f"{file}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)) as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def keys_in(file: Path) -> list[str]:
    """The keys of a file, one on a line, the newest first. Raises KeysMissing where there is none."""
    try:
        return file.read_text(encoding="ascii").split()
    except FileNotFoundError as error:
        raise KeysMissing(
            f"{file} is missing, and only its keys open the accounts' secrets: put your copy of it back. Without one, "
            "`masthead accounts rotate NAME` gives an account other secrets, and makes a new key."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be used: {error}.") from error


def write_keys(file: Path, keys: Sequence[str]) -> None:
    """Replaces the file as a whole."""
    try:
        _write(file, keys).replace(file)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error}.") from error


def new_key() -> str:
    return Fernet.generate_key().decode()


def make_keys(file: Path) -> None:
    """A file with a first key, for this user only; one that is there already, or that another process made, stays."""
    if file.exists():
        return
    try:
        aside = _write(file, [new_key()])
        with contextlib.suppress(FileExistsError):
            os.link(aside, file)
        aside.unlink()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be made: {error}.") from error


def _write(file: Path, keys: Sequence[str]) -> Path:
    """These keys in a file beside it, on disk."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as written:
        written.write("".join(f"{key}\n" for key in keys))
        written.flush()
        os.fsync(written.fileno())
    return aside
