"""docs/add-a-network.md, done: four edits, and the new network passes the suite that all networks pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```\w+\n# ([\w./-]+)\n(.*?)```", re.DOTALL)


def test_adding_a_network_takes_four_edits(tmp_path: Path) -> None:
    edits = BLOCK.findall((ROOT / "docs" / "add-a-network.md").read_text(encoding="utf-8"))
    assert len(edits) == 4
    _copy(tmp_path)
    for name, content in edits:
        file = tmp_path / name
        file.write_text(
            _edited(file.read_text(encoding="utf-8"), content) if file.exists() else content, encoding="utf-8"
        )
    tests = ["tests/integration/test_networks.py", "tests/unit/social/test_networks_docs.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ntfy or every_network", *tests]
    quick = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=quick, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) >= 25, run.stdout


def _copy(target: Path) -> None:
    ignored = shutil.ignore_patterns("golden")
    for name in ("services", "shared", "tests", "docs"):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", target)


def _edited(text: str, lines: str) -> str:
    """The file with these lines, each put where its like stands: an import, an entry of the table, a row."""
    for line in lines.splitlines():
        if line.startswith("from "):
            text = text.replace("\nNETWORKS", f"{line}\n\nNETWORKS", 1)
        elif line.startswith("|"):
            rows = [row for row in text.splitlines() if row.startswith("| linkedin ")]
            last = next(row for row in rows if row.count("|") == line.count("|"))
            text = text.replace(last, f"{last}\n{line}")
        else:
            text = text.replace("        LinkedIn(),\n", f"        LinkedIn(),\n{line}\n")
    return text
