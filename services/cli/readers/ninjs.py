"""ninjs 1.x, 2.x and 3.x, the news agencies' JSON (iptc.org/standards/ninjs), one item or many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from services.cli.readers import markup, objects
from services.cli.readers.dates import read_date
from services.cli.readers.fitting import complete, fit, is_web_url
from services.cli.readers.items import Context, Fields, Item, Unfit, articles, own_id

# Roles of bodies, the best first; others (NITF, NewsML) are other formats inside this one.
_HTML_ROLES = ("html5", "html", "xhtml")
_TEXT_ROLES = ("text", "plain", "")
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_WIDEST = 2048


def is_item(value: Any) -> bool:
    """True for an object with a ninjs identity; Superdesk writes `guid` where ninjs has `uri`."""
    return isinstance(value, dict) and ("uri" in value or {"guid", "type"} <= value.keys()) and "body" not in value


def read(content: bytes, context: Context) -> Iterator[Item]:
    """Text items. Pictures, withheld, cancelled and embargoed items are refused with the reason."""

    def fields_of(value: Any, notes: list[str]) -> Fields:
        if isinstance(value, Unfit):
            raise value
        if not is_item(value):
            raise Unfit("is no ninjs item: it has no uri")
        item = _lowered(value)
        _check_publishable(item, context)
        return fit(complete(_fields(item, context, notes), notes), notes)

    return articles(objects.entries(content), context, fields_of)


def _lowered(value: Any) -> Any:
    """The same with all names in lower case: 3.x writes versionCreated where 2.x wrote versioncreated."""
    if isinstance(value, dict):
        return {key.lower(): _lowered(each) for key, each in value.items()}
    return [_lowered(each) for each in value] if isinstance(value, list) else value


def _check_publishable(item: Fields, context: Context) -> None:
    kind = _text(item, "type") or "text"
    if kind != "text":
        raise Unfit(f"is of type {kind}, not text")
    status = _text(item, "pubstatus") or "usable"
    if status != "usable":
        raise Unfit(f"its pubStatus is {status}, not usable")
    embargo = _text(item, "embargoeduntil") or _text(item, "embargoed")
    if embargo and read_date(embargo, context, []) > context.now:
        raise Unfit("is under embargo", f"until {embargo}")


def _fields(item: Fields, context: Context, notes: list[str]) -> Fields:
    headline = markup.title(_chosen(item, "headline", ("main", "")) or _text(item, "title"))
    names = [_name(each) for each in (*_list(item, "genres", "genre"), *_list(item, "subjects", "subject"))]
    genres = [_name(each) for each in _list(item, "genres", "genre")]
    date = _text(item, "firstcreated") or _text(item, "versioncreated") or _text(item, "contentcreated")
    byline = _text(item, "by") or _text(item, "byline")
    return {
        "headline": headline,
        **_body(item, headline),
        "language": _text(item, "language"),
        "bylines": [byline.removeprefix("By ").removeprefix("by ")],
        "section": context.section_among(filter(None, names)) or next(filter(None, genres), None),
        "tags": [name for each in _list(item, "subjects", "subject") if (name := _name(each))],
        "dateline": _text(item, "located"),
        "urgency": item.get("urgency"),
        "source": _source(item),
        "external_id": own_id(_text(item, "uri") or _text(item, "guid")),
        "published_at": read_date(date, context, notes) if date else None,
        "image": _image(item),
    }


def _body(item: Fields, headline: str) -> Fields:
    """The best body: HTML before text. Without one, the description is the body; else it is the summary."""
    description = _chosen(item, "description", ("summary", "text", "drop", "main", ""))
    for role, kind, value in _ranked(item):
        if kind in _HTML_TYPES or role in _HTML_ROLES:
            html = markup.body_of(value, headline)
            if not markup.is_blank(html):
                return {"body": html, "body_format": "html", "summary": markup.plain(description)}
        elif value.strip():
            return {"body": _paragraphs(value), "body_format": "text", "summary": markup.plain(description)}
    if description and not markup.has_markup(description):
        return {"body": _paragraphs(description), "body_format": "text"}
    return {"body": description}


def _ranked(item: Fields) -> list[tuple[str, str, str]]:
    """Role, content type and value of all bodies that can be read, the best first."""
    bodies = [each for each in _variants(item, "body", "bodies") if _rank(each) is not None]
    return sorted(bodies, key=lambda each: _rank(each) or 0)


def _rank(body: tuple[str, str, str]) -> int | None:
    role, kind, _ = body
    if kind in _HTML_TYPES or role in _HTML_ROLES:
        return _HTML_ROLES.index(role) if role in _HTML_ROLES else len(_HTML_ROLES)
    if kind == "text/plain" or (not kind and role in _TEXT_ROLES):
        return len(_HTML_ROLES) + 1
    return None


def _variants(item: Fields, singular: str, plural: str) -> list[tuple[str, str, str]]:
    """Role, content type and value: `bodies: [{role, value}]` of 2.x and 3.x, `body_html` and `body_text` of 1.x."""
    found = [(_text(each, "role"), _text(each, "contenttype"), _text(each, "value")) for each in _list(item, plural)]
    for key, value in item.items():
        if isinstance(value, str) and (key == singular or key.startswith(f"{singular}_")):
            found.append((key.removeprefix(singular).removeprefix("_"), "", value.strip()))
    return [each for each in found if each[2]]


def _chosen(item: Fields, singular: str, roles: Iterable[str]) -> str:
    """The variant of the first of these roles that there is, else the first of any role but those of credits."""
    variants = _variants(item, singular, f"{singular}s")
    by_role = {role: value for role, _, value in reversed(variants)}
    found = next((by_role[role] for role in roles if role in by_role), "")
    return found or next((value for role, _, value in variants if role != "creditline"), "")


def _paragraphs(text: str) -> str:
    """Plain text with blank lines between paragraphs; agencies often write one paragraph a line."""
    return text if "\n\n" in text.replace("\r", "") else text.replace("\r", "").replace("\n", "\n\n")


def _source(item: Fields) -> dict[str, str] | None:
    names = [_name(each) for each in _list(item, "infosources", "infosource")]
    name = next(filter(None, names), "") or _text(item, "copyrightholder")
    return {"name": name} if name else None


def _image(item: Fields) -> dict[str, str] | None:
    """The lead picture: of the item itself, else of the first associated picture."""
    pictures = [each for each in _named(item, "associations") if _text(each, "type") in ("picture", "graphic", "")]
    for holder in (item, *pictures):
        url = _rendition(holder)
        if url:
            alt = _chosen(holder, "description", ("caption", "text", "")) if holder is not item else ""
            credit = _text(holder, "by") or _text(holder, "byline") or _text(holder, "copyrightholder")
            return {"url": url, "alt": markup.plain(alt), "credit": credit if holder is not item else ""}
    return None


def _rendition(holder: Fields) -> str:
    """The widest rendition that is not larger than a page needs, else the narrowest."""
    found = []
    for each in _named(holder, "renditions"):
        kind = _text(each, "contenttype") or _text(each, "mimetype")
        if kind.startswith("image/") and is_web_url(_text(each, "href")):
            width = each.get("width")
            found.append((width if isinstance(width, int) else 0, _text(each, "href")))
    fitting = [each for each in found if each[0] <= _WIDEST]
    return max(fitting, key=lambda each: each[0])[1] if fitting else min(found)[1] if found else ""


def _named(holder: Fields, name: str) -> list[Fields]:
    """Objects in a list, or of 1.x in an object by name."""
    value = holder.get(name)
    values = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [each for each in values if isinstance(each, dict)]


def _list(holder: Fields, *names: str) -> list[Fields]:
    return [each for name in names for each in _named(holder, name)]


def _name(holder: Fields) -> str:
    return _text(holder, "name")


def _text(holder: Fields, name: str) -> str:
    value = holder.get(name)
    return value.strip() if isinstance(value, str) else ""
