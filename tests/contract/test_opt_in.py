"""Tests that are not part of every run can still be run."""

from __future__ import annotations

import subprocess
import sys

from tests.containers import ROOT


def test_the_tests_against_real_networks_can_be_collected() -> None:
    collecting = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/networks_real",
    ]
    found = subprocess.run(collecting, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
