"""RSS and Atom documents: every entry an article, whatever the feed calls it."""

from __future__ import annotations

from collections.abc import Iterator

from services.cli.readers import atom, elements, rss
from services.cli.readers.elements import Element
from services.cli.readers.fitting import complete, fit
from services.cli.readers.items import Context, Fields, Item, Refusal, Unfit, articles, own_id
from services.cli.readers.xml import parse


def read(content: bytes, context: Context) -> Iterator[Item]:
    """Every entry of a feed. A feed that is not well-formed XML is one refusal with the line."""
    notes: list[str] = []
    try:
        root = parse(content, notes)
        format = _format(root)
        channel, entries = format.channel(root), format.entries(root)
    except Unfit as error:
        yield Refusal("file", error.reason, error.detail)
        return
    if not entries:
        yield Refusal("file", "holds no articles")
    repeats = _Repeats()

    def fields_of(entry: Element, entry_notes: list[str]) -> Fields:
        entry_notes += notes
        fields = complete(format.fields(entry, channel, context, entry_notes), entry_notes)
        fields["external_id"] = repeats.tell_apart(fields)
        return fit(fields, entry_notes)

    yield from articles(((f"line {entry.sourceline}", entry) for entry in entries), context, fields_of)


def _format(root: Element) -> elements.FeedFormat:
    kind = elements.name(root)
    if kind in ("rss", "rdf:RDF"):
        return rss.FORMAT
    if kind in ("atom:feed", "atom:entry"):
        return atom.FORMAT
    raise Unfit("is XML of a kind that is not read", f"its root element is {kind}")


class _Repeats:
    """Tells entries of one feed apart that carry the same id but lead to different pages."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def tell_apart(self, fields: Fields) -> str | None:
        own, url = fields.get("external_id"), fields.get("canonical_url") or ""
        if not own:
            return None
        first = self._seen.setdefault(own, url)
        return own if first == url or not url else own_id(f"{own} {url}")
