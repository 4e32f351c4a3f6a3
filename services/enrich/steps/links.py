"""Makes every address of the body absolute, and takes out the ones that lead nowhere a reader should go."""

from __future__ import annotations

from collections import Counter

from services.enrich.addresses import resolve
from services.enrich.allowlist import LINK_SCHEMES, PICTURE_SCHEMES
from services.enrich.draft import Context, Draft, removal_notice
from services.enrich.markup import rewrite_tags

_NAMES = frozenset({"a", "img"})


def resolve_links(draft: Draft, context: Context) -> Draft:
    """Resolves `a href` and `img src` (RFC 3986) against the article's canonical address, else the publication's.

    A link without a usable address keeps its text; a picture without one goes.
    """
    own = context.publication.base_url
    base = draft.canonical_url or (f"{own}/" if own else "")
    removed: Counter[str] = Counter()

    def rewrite(name: str, attributes: dict[str, str]) -> dict[str, str] | None:
        key, schemes = ("href", LINK_SCHEMES) if name == "a" else ("src", PICTURE_SCHEMES)
        address = resolve(attributes[key], base, schemes) if key in attributes else None
        if address:
            return {**attributes, key: address}
        if name == "img":
            removed["picture without a usable address"] += 1
            return None
        if key in attributes:
            removed["unusable address"] += 1
        return {other: value for other, value in attributes.items() if other != key}

    html = rewrite_tags(draft.html, _NAMES, rewrite)
    return draft.having(html=html.strip()).noting("links", "body", removal_notice(removed))
