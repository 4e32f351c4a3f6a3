"""Makes what other formats carry fit a submission: bearable gaps and faults cost a note, not the article."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.cli.readers import markup
from services.cli.readers.items import Fields, Unfit, own_id
from shared.submission import MOST_TAGS, Language, Urgency, WebUrl
from shared.text import cut

LONGEST_NAME = 200
MOST_BYLINES = 50
LONGEST_SUMMARY = 5000
LONGEST_ALT = 1000
LONGEST_CREDIT = 300

NO_DATE = "has no date; it is dated when it is accepted"
NO_TITLE = "has no headline; its first sentence is made one"
NO_TEXT = "has no text; its headline stands for it"

_WEB_URL = TypeAdapter[str](WebUrl)
_LANGUAGE = TypeAdapter[str](Language)
_URGENCY = TypeAdapter[int](Urgency)
_EMAIL = re.compile(r"[^\s@<>()]{1,64}@[^\s@<>()]{1,250}\.[^\s@<>().]{1,63}")


def fit(fields: Fields, notes: list[str]) -> Fields:
    """The same fields without what the API refuses; headline, body, id and time are left to its judgement."""
    kept = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    _fit_language(kept, notes)
    for name, most in (("tags", MOST_TAGS), ("bylines", MOST_BYLINES)):
        if name in kept:
            kept[name] = _names(kept[name], name, most, notes)
    for name in ("section", "dateline"):
        if name in kept and not _is_name(kept[name]):
            del kept[name]
            notes.append(f"{name} is longer than {LONGEST_NAME} characters and left out")
    if "urgency" in kept and not _passes(_URGENCY, kept["urgency"]):
        del kept["urgency"]
        notes.append("urgency is no whole number from 1 to 9 and left out")
    if len(kept.get("summary", "")) > LONGEST_SUMMARY:
        del kept["summary"]
        notes.append(f"summary is longer than {LONGEST_SUMMARY:,} characters; an excerpt is made")
    if "canonical_url" in kept and not is_web_url(kept["canonical_url"]):
        del kept["canonical_url"]
        notes.append("canonical_url is no absolute web address and left out")
    _fit_source(kept)
    _fit_image(kept, notes)
    return kept


def complete(fields: Fields, notes: list[str]) -> Fields:
    """The same fields with a headline and a body, either made from the other. Raises Unfit when there is neither."""
    body = markup.without_pixels(fields.get("body") or "")
    if markup.is_blank(body):
        body = ""
    if not fields.get("headline"):
        fields["headline"] = markup.headline_from(body)
        if not fields["headline"]:
            raise Unfit("has neither a headline nor text")
        notes.append(NO_TITLE)
    if body:
        fields["body"] = body
        fields.setdefault("body_format", "html" if markup.has_markup(body) else "text")
    else:
        fields |= {"body": fields["headline"], "body_format": "text"}
        notes.append(NO_TEXT)
    if not fields.get("published_at"):
        notes.append(NO_DATE)
    return fields


def qualified_id(own: str, home: str) -> str:
    """An id that is unique beyond its feed: one that is no URI is put behind the feed's address."""
    return own_id(own if not own or ":" in own or not home else f"{home}#{own}")


def is_web_url(url: Any) -> bool:
    """True for what the API takes as an address."""
    return _passes(_WEB_URL, url)


def person(text: str) -> str:
    """A name out of an RSS author, which is an e-mail address with the name in brackets or before it."""
    if not _EMAIL.search(text):
        return text
    named = re.search(r"\(([^()]+)\)\s*$", text)
    return _EMAIL.sub("", named[1] if named else text).strip(" <>()")


def _fit_language(kept: Fields, notes: list[str]) -> None:
    if "language" not in kept:
        return
    kept["language"] = kept["language"].strip().replace("_", "-")
    if not _passes(_LANGUAGE, kept["language"]):
        del kept["language"]
        notes.append("language is no BCP 47 tag; it is detected from the text")


def _names(values: Iterable[str], field: str, most: int, notes: list[str]) -> list[str]:
    clean = list(dict.fromkeys(name for value in values if (name := " ".join(value.split()))))
    fitting = [name for name in clean if _is_name(name)]
    if len(fitting) < len(clean):
        notes.append(f"one of the {field} is longer than {LONGEST_NAME} characters and left out")
    if len(fitting) > most:
        notes.append(f"only the first {most} {field} are kept")
    return fitting[:most]


def _fit_source(kept: Fields) -> None:
    source = kept.get("source")
    if source:
        kept["source"] = {"name": cut(source["name"], LONGEST_NAME)}
        if is_web_url(source.get("url")):
            kept["source"]["url"] = source["url"]


def _fit_image(kept: Fields, notes: list[str]) -> None:
    image = kept.get("image")
    if not image:
        return
    if not is_web_url(image["url"]):
        del kept["image"]
        notes.append("the picture's address is no absolute web address; the picture is left out")
        return
    kept["image"] = {
        "url": image["url"],
        "alt": cut(image.get("alt") or "", LONGEST_ALT),
        "credit": cut(image.get("credit") or "", LONGEST_CREDIT),
    }


def _is_name(value: str) -> bool:
    return len(value) <= LONGEST_NAME


def _passes(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True
