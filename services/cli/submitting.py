"""`masthead submit`: one article from a file."""

from __future__ import annotations

import json
import re
import sys
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

import click

from services.cli.importing import at, find_key
from services.cli.ingest_api import Busy, IngestApi, reason_of
from services.cli.readers import markup, objects
from services.cli.readers.items import Context, Fields, Refusal, Unfit, judge
from services.cli.settings import CliSettings
from services.cli.sources import STDIN, origin
from shared.errors import OutboundError
from shared.http import Door
from shared.publication import load_publication
from shared.urgency import LEAST_URGENT, MOST_URGENT

FORMATS = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}
KINDS = ("json", "html", "markdown", "text")
ATTEMPTS = 4
LONGEST_WAIT = 30.0  # in one request; the API grants no more
UNSETTLED = ("accepted", "enriched")

_MARKDOWN_HEADING = re.compile(r"#{1,2}[ \t]+([^\n]+?)[ \t#]*(?:\n|$)|([^\n]+)\n=+[ \t]*(?:\n|$)")
_HTML_HEADING = re.compile(r"<h1\b[^<>]*>(.*?)</h1\s*>", re.DOTALL | re.IGNORECASE)


@click.command("submit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--headline", help="Default: the first heading of the file.")
@click.option(
    "--format", "body_format", type=click.Choice(["json", "html", "markdown", "text"]), help="Default: by name."
)
@click.option("--language", help="BCP 47 tag, such as en or pt-BR; detected when not given.")
@click.option("--byline", "bylines", multiple=True, help="May be given several times.")
@click.option("--section", help="Slug or name.")
@click.option("--tag", "tags", multiple=True, help="May be given several times.")
@click.option("--dateline", help="Place of origin.")
@click.option(
    "--urgency",
    type=click.IntRange(MOST_URGENT, LEAST_URGENT),
    help="1 the most urgent (a flash), 5 normal, 8 the least, 9 for your own use.",
)
@click.option("--summary", help="Plain text; an excerpt is made when not given.")
@click.option("--canonical-url", help="Address of the original of syndicated copy.")
@click.option("--source", help="Name of the original publication of syndicated copy.")
@click.option("--external-id", help="Your own id: submitting it again makes no second article.")
@click.option("--published-at", help="For archives, with its zone: 2018-04-20T09:30:00+03:00.")
@click.option("--wait", default=10.0, show_default=True, help="Seconds to wait until the article is published.")
@click.option("--key", default="", help="API key; default: MASTHEAD_KEY, else the demo key in MASTHEAD_VAR.")
@click.option("--api", default="", help="Address of the API; default: MASTHEAD_API, else the one of `masthead up`.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
def submit_command(
    file: str, body_format: str | None, wait: float, key: str, api: str, as_json: bool, **options: Any
) -> None:
    """Submit one article: a submission as JSON, or a body in Markdown, HTML or plain text; `-` reads standard input.

    \b
    Exit codes: 0 accepted, 1 refused, 2 wrong usage, 3 the API was not reached or does not take the key.
    """
    settings = at(CliSettings(), api, key)
    publication = load_publication(settings.publication_file)
    content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    given: Fields = {
        name: list(value) if isinstance(value, tuple) else value for name, value in options.items() if value
    }
    try:
        kind = body_format or FORMATS.get(Path(file).suffix.lower(), "json")
        fields = read_article(content, kind, headline=given.get("headline")) | given
    except Unfit as error:
        _refuse(error.reason, error.detail)
    judged = judge("file", fields, Context(settings.make_clock().now(), publication.tz))
    if isinstance(judged, Refusal):
        _refuse(judged.reason, judged.detail)
    submission = {name: value for name, value in judged.submission.items() if name in fields or name != "external_id"}
    client = IngestApi(Door(allow=[origin(settings.api_url)]), settings.api_url, find_key(settings))
    receipt = _submit(client, submission, wait)
    click.echo(json.dumps(receipt, ensure_ascii=False, indent=2) if as_json else receipt_text(receipt))


def read_article(content: bytes, kind: str, headline: str | None = None) -> Fields:
    """The fields in a file of this kind. Without a headline, the first heading is taken out of the body for it.

    Raises Unfit for what is neither UTF-8 nor, as JSON, one object.
    """
    if kind == "json":
        value = objects.read_json(content)
        if not isinstance(value, dict):
            raise Unfit("is no JSON object")
        return value
    try:
        body = content.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError as error:
        raise Unfit("is not UTF-8", f"byte {error.start + 1}") from error
    if headline is None:
        headline, body = _headed(body, kind)
    return {"headline": headline, "body": body, "body_format": kind}


def _headed(body: str, kind: str) -> tuple[str, str]:
    if kind == "html":
        heading = _HTML_HEADING.search(body)
        headline = markup.plain(heading[1]) if heading else ""
        return headline, markup.body_of(body, headline)
    if kind == "text":
        headline, _, rest = body.partition("\n")
        return headline.strip(), rest.strip() or headline.strip()
    heading = _MARKDOWN_HEADING.match(body)
    headline = (heading[1] or heading[2]).strip() if heading else ""
    return headline, (body[heading.end() :].strip() if heading else body) or headline


def receipt_text(receipt: dict[str, Any]) -> str:
    """A receipt for people: state, and where the article is to be seen."""
    published = receipt.get("stages", {}).get("published", {})
    lines = [f"{receipt.get('state', 'accepted')}: {receipt.get('id')}", f"  Receipt  {receipt.get('receipt', '')}"]
    if published.get("page"):
        lines.append(f"  Page     {published['page']}")
    lines += [f"  Feed     {url}" for url in published.get("feeds", [])]
    if not published:
        lines.append("  Not published yet: the receipt tells when it is.")
    return "\n".join(lines)


def _submit(client: IngestApi, submission: Fields, wait: float) -> dict[str, Any]:
    """The receipt. Sent again under the same Idempotency-Key when the connection breaks or the API is busy."""
    key = str(uuid.uuid4())
    until = time.monotonic() + wait
    for attempt in range(1, ATTEMPTS + 1):
        try:
            status, answer = client.submit(submission, idempotency_key=key, wait=min(wait, LONGEST_WAIT))
            break
        except Busy as error:
            if attempt == ATTEMPTS:
                raise
            time.sleep(error.seconds)
        except OutboundError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(attempt)
    if status not in (200, 202):
        _refuse(*reason_of(answer))
    while answer.get("state") in UNSETTLED and time.monotonic() < until:
        answer = client.receipt(str(answer["id"]), wait=min(until - time.monotonic() + 1, LONGEST_WAIT))
    return answer


def _refuse(reason: str, detail: str = "") -> NoReturn:
    click.echo(f"Refused: {reason}" + (f" (found: {detail})" if detail else ""), err=True)
    sys.exit(1)
