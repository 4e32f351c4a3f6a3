"""What has been answered of an import, so that one that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from io import TextIOBase
from pathlib import Path

from services.cli.ingest_api import Result


class Journal:
    """The answers to one source's articles, by their number in it.

    It is named by the content, the API and the key, and removed at the end: only the API knows what it has, so a
    finished import asks again, a broken one goes on.
    """

    def __init__(self, folder: Path, content: bytes, target: str) -> None:
        digest = hashlib.sha256(target.encode() + b"\0" + hashlib.sha256(content).digest()).hexdigest()
        self._path = folder / f"{digest[:40]}.ndjson"
        self._file: TextIOBase | None = None
        self._known = self._read()

    def answer_to(self, number: int, external_id: str) -> Result | None:
        found = self._known.get(number)
        return found[1] if found and found[0] == external_id else None

    def write(self, number: int, external_id: str, result: Result) -> None:
        """Remembers a final answer; it outlives this process, not the machine."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = self._path.open("a", encoding="utf-8")
        line = {"number": number, "external_id": external_id, "result": asdict(result)}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def forget(self) -> None:
        self._known.clear()
        self.remove()

    def remove(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[int, tuple[str, Result]]:
        known: dict[int, tuple[str, Result]] = {}
        if not self._path.exists():
            return known
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found = json.loads(line)
                known[found["number"]] = (found["external_id"], Result(**found["result"]))
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a killed import may be cut
        return known
