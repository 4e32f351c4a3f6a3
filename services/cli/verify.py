"""`masthead verify`: every counter recomputed from the record."""

from __future__ import annotations

import json
import subprocess
import sys

import click

from services.cli.settings import needs
from shared.errors import MastheadError

SHOWN = 20


@click.command("verify")
@click.option("--repair", is_flag=True, help="Mend what has drifted.")
@click.option("--wait", default=10.0, show_default=True, help="Seconds to wait for work that is under way.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def verify_command(repair: bool, wait: float, as_json: bool) -> None:
    """Recompute every counter from the articles and compare: record, counters, Redis, feeds.

    Exit code 0 without drift, 1 with drift.
    """
    needs(
        "services.count", "Only the count service can recount: run `python -m services.count.recount` in its container."
    )
    arguments = ["--wait", str(wait), *(["--repair"] if repair else [])]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "services.count.recount", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise MastheadError("the recount failed; see the lines above, and try `masthead doctor`")
    report = json.loads(done.stdout.splitlines()[-1])
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        click.echo(_in_words(report))
    raise SystemExit(1 if report["drift"] or report["wrong_articles"] else 0)


def _in_words(report: dict[str, object]) -> str:
    drift = report["drift"]
    assert isinstance(drift, list)
    lines = [f"{report['articles']:,} articles in {report['slices']:,} slices, {len(drift)} slices with drift."]
    if report["wrong_articles"]:
        lines.append(f"{report['wrong_articles']:,} articles stand in other slices than they should.")
    if report["under_way"]:
        lines.append(f"{report['under_way']:,} pieces of work are still under way; what they change may show as drift.")
    if drift:
        lines.append(f"{'slice':40} {'record':>9} {'counted':>9} {'Redis':>9} {'feeds':>9}")
    for row in drift[:SHOWN]:
        numbers = " ".join(f"{row[name]:>9,}" for name in ("record", "counted", "redis", "feeds"))
        lines.append(f"{row['slice']:40} {numbers}")
    if len(drift) > SHOWN:
        lines.append(f"… and {len(drift) - SHOWN:,} more; --json shows all.")
    return "\n".join(lines)
