"""`masthead share`: an article's share links."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, NoReturn
from urllib.parse import quote
from uuid import UUID

import click
import segno

from services.cli.ingest_api import reason_of
from services.cli.settings import CliSettings, own_door
from shared.errors import OutboundError
from shared.http import Door
from shared.urls import SHARE_PATH

NOT_THERE = (400, 404)


@click.command("share")
@click.argument("article")
@click.option("--network", metavar="NAME", help="Print nothing but where sharing on this network leads.")
@click.option("--qr", "as_qr", is_flag=True, help="Print the short address as a QR code.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def share_command(article: str, network: str | None, as_qr: bool, as_json: bool) -> None:
    """Show where ARTICLE can be shared: the address of its page, with or without its slug, its id or its URN.

    \b
    Exit codes: 0 done, 1 no such article or network, 2 wrong usage, 3 the feed service was not reached.
    """
    if as_qr and (network is not None or as_json):
        raise click.UsageError("--qr prints the code and nothing else; leave out --network and --json.")
    settings = CliSettings()
    found = fetch(own_door(settings), settings.own_feed_url, place_of(article))
    if network is not None:
        link = next((each for each in found["networks"] if each["network"] == network), None)
        if link is None:
            _refuse(f"not on {network!r}; this article can be shared on {_names(found)}")
        click.echo(json.dumps(link, ensure_ascii=False) if as_json else link["target"])
    elif as_qr:
        click.echo(qr_text(found["short_url"]), nl=False)
    else:
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else links_text(found))


def place_of(article: str) -> str:
    """Where the feed service lists the links of an article, however it is named. Raises click.BadParameter."""
    if article.lower().startswith(("https://", "http://")):
        return f"{SHARE_PATH}?url={quote(article, safe='')}"
    try:
        return f"{SHARE_PATH}/{UUID(article.lower())}"  # reads URNs too
    except ValueError as error:
        accepted = "the address of an article's page, its id and its URN are accepted"
        raise click.BadParameter(f"{article[:200]!r} is no article; {accepted}.", param_hint="ARTICLE") from error


def fetch(door: Door, feed_url: str, place: str) -> dict[str, Any]:
    """What the feed service lists at a place. Ends the command where no article is there; raises OutboundError."""
    answer = door.get(feed_url + place, headers={"Accept": "application/json"})
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if isinstance(found, dict) and answer.status in NOT_THERE:
        _refuse(reason_of(found)[0])
    if answer.status != 200 or not isinstance(found, dict) or "networks" not in found:
        raise OutboundError(f"{feed_url} answered {answer.status}, and no list of share links; is it the feed service?")
    return found


def links_text(found: dict[str, Any]) -> str:
    """The list for people: the article's addresses, then our counting link for each network."""
    rows = [("Page", found["url"]), ("Short", found["short_url"]), ("QR code", found["qr"])]
    rows += [(each["network"], each["url"]) for each in found["networks"]]
    widest = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{widest}}  {url}" for name, url in rows)


def qr_text(address: str) -> str:
    """The code in half blocks, for light letters on a dark terminal."""
    written = io.StringIO()
    segno.make(address, error="m", micro=False).terminal(out=written, compact=True)
    return written.getvalue()


def _names(found: dict[str, Any]) -> str:
    return ", ".join(each["network"] for each in found["networks"]) or "no network"


def _refuse(reason: str) -> NoReturn:
    click.echo(f"Refused: {reason}", err=True)
    sys.exit(1)
