"""Reads Dockerfile and docker-compose.yml as far as the tests need to hold them to their word."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")


class Missing(Exception):
    """A variable that must be set is not; the message is the one people would see."""


@dataclass
class Stage:
    """One stage of the Dockerfile, with what it inherits from the stages it is built on."""

    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def last(self, name: str) -> str | None:
        return next((value for found, value in reversed(self.instructions) if found == name), None)

    def command(self, name: str) -> list[str]:
        """CMD, ENTRYPOINT or the check of HEALTHCHECK, in its exec form."""
        value = self.last(name) or "[]"
        return list(json.loads(value[value.index("[") :])) if "[" in value else []

    def commands(self, name: str) -> str:
        """All instructions of this name, of the stages it is built on too."""
        return "\n".join(value for found, value in self.instructions if found == name)

    @property
    def environment(self) -> dict[str, str]:
        pairs = (pair for name, value in self.instructions if name == "ENV" for pair in value.split())
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}

    @property
    def copies(self) -> list[tuple[list[str], str]]:
        """What is copied from the project: sources and destination."""
        found = [value.split() for name, value in self.instructions if name == "COPY" and "--from=" not in value]
        return [(words[:-1], words[-1]) for words in found]


def stages(service: str) -> dict[str, Stage]:
    """The stages of the Dockerfile by name, for `--build-arg SERVICE=<service>`; the one that is built has none."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    arguments: dict[str, str] = {}
    found: dict[str, Stage] = {}
    stage = Stage("")
    for line in text.replace("\\\n", " ").splitlines():
        name, _, value = line.partition(" ")
        if name == "ARG":
            key, _, default = value.partition("=")
            arguments.setdefault(key, service if key == "SERVICE" else default)
        elif name == "FROM":
            base, _, label = _filled(value, arguments).partition(" AS ")
            inherited = found[base].instructions if base in found else []
            stage = found[label] = Stage(base, list(inherited))
        elif name:
            stage.instructions.append((name, _filled(value.strip(), arguments)))
    return found


def installed_modules(service: str) -> set[str]:
    """The top-level modules that requirements/<service>.txt installs, and so everything foreign an image has."""
    text = (ROOT / "requirements" / f"{service}.txt").read_text()
    packages = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", text, re.MULTILINE)
    wanted = {_normal(package) for package in packages}
    return set().union(*(_modules_of(found) for found in distributions() if _normal(found.name) in wanted))


def other_modules(service: str) -> set[str]:
    """The foreign top-level modules that are there for the tests, but not in the image of a service."""
    return set().union(*(_modules_of(found) for found in distributions())) - installed_modules(service)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _modules_of(package: Distribution) -> set[str]:
    files = package.files or []
    return {inspect.getmodulename(file.name) or "" if len(file.parts) == 1 else file.parts[0] for file in files}


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yml with its variables filled in. Raises Missing for one that has no default."""

    def fill(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: fill(value) for key, value in part.items()}
        if isinstance(part, list):
            return [fill(value) for value in part]
        return _filled(part, environment, escapes=True) if isinstance(part, str) else part

    return dict(fill(yaml.safe_load((ROOT / "docker-compose.yml").read_text())))


def example_environment() -> dict[str, str]:
    """What .env.example sets."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _filled(text: str, values: Mapping[str, str], *, escapes: bool = False) -> str:
    def fill(match: re.Match[str]) -> str:
        name, mark, rest = match.groups()
        if name is None:
            return "$" if escapes else match[0]
        if values.get(name):
            return values[name]
        if mark == "?":
            raise Missing(f"{name}: {rest}")
        return rest or ""

    return _VARIABLE.sub(fill, text)
