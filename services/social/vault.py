"""Secrets of accounts at rest: encrypted with keys that are not in the record (Fernet: AES-128-CBC with HMAC-SHA256).

Several keys can be in force: the first encrypts, all decrypt. So a new one is put in front, everything is encrypted
anew (`masthead accounts rotate`), and only then the old one is taken away.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.social.network import Secrets
from shared.errors import ConfigurationError


class Vault:
    """Raises ConfigurationError for keys that are none, and for secrets that none of the keys opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._boxes = MultiFernet([Fernet(key.encode()) for key in keys])
        except ValueError as error:
            raise ConfigurationError(
                "A key of accounts' secrets is none: it is 32 bytes in URL-safe base64, as `masthead accounts rotate` "
                "makes them."
            ) from error

    def seal(self, secrets: Secrets) -> str:
        content = {name: secrets[name] for name in secrets if name in secrets}
        return self._boxes.encrypt(json.dumps(content).encode()).decode()

    def open(self, sealed: str) -> Secrets:
        try:
            return Secrets(json.loads(self._boxes.decrypt(sealed.encode())))
        except InvalidToken as error:
            raise ConfigurationError(
                "The secrets of an account cannot be decrypted: the key they were encrypted with is missing."
            ) from error

    def renew(self, sealed: str) -> str:
        """The same secrets, encrypted with the first key."""
        try:
            return self._boxes.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigurationError(
                "A secret cannot be decrypted: its key is missing. Nothing was changed."
            ) from error


def keys_in(file: Path) -> list[str]:
    """The keys of a file, one on a line, the newest first. Makes the file, for this user only, where there is none."""
    try:
        if not file.exists():
            _make(file)
        return file.read_text(encoding="ascii").split()
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


def _make(file: Path) -> None:
    """A file with a first key, unless another process was faster: then that one's key counts."""
    aside = _write(file, [new_key()])
    with contextlib.suppress(FileExistsError):
        os.link(aside, file)
    aside.unlink()


def _write(file: Path, keys: Sequence[str]) -> Path:
    """These keys in a file beside it, on disk."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as written:
        written.write("".join(f"{key}\n" for key in keys))
        written.flush()
        os.fsync(written.fileno())
    return aside
