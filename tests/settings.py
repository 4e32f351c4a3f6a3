"""Every settings class, found by looking, so that no test forgets a new service."""

from __future__ import annotations

import importlib

from shared.settings import Settings
from tests.containers import ROOT


def _settings_of(service: str) -> type[Settings]:
    module = importlib.import_module(f"services.{service}.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings) and value is not Settings
    )
    return found


# Read by shared.publication: they win over the publication's own file.
OF_PUBLICATION = {"MASTHEAD_BASE_URL", "MASTHEAD_PUSH_URL"}
SETTINGS = {
    path.parent.name: _settings_of(path.parent.name) for path in sorted((ROOT / "services").glob("*/settings.py"))
}


def variables(settings: type[Settings]) -> set[str]:
    """The environment variables a settings class reads."""
    return {f"MASTHEAD_{name.upper()}" for name in settings.model_fields}
