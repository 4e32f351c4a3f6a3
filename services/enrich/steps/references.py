"""Where the article comes from and what illustrates it: source, canonical address, lead picture, dateline."""

from __future__ import annotations

from services.enrich.addresses import resolve
from services.enrich.allowlist import PICTURE_SCHEMES
from services.enrich.draft import Context, Draft


def check_references(draft: Draft, context: Context) -> Draft:
    """Keeps the addresses that a browser could open; the others are left out and noted."""
    given = draft.submission
    if given.source:
        draft, url = _checked(draft, "source", given.source.url)
        draft = draft.having(source={"name": given.source.name, "url": url or ""})
    if given.image:
        draft, url = _checked(draft, "image", given.image.url)
        image = {"url": url, "alt": given.image.alt, "credit": given.image.credit} if url else None
        draft = draft.having(image=image)
    draft, url = _checked(draft, "canonical_url", given.canonical_url)
    return draft.having(canonical_url=url, dateline=given.dateline)


def _checked(draft: Draft, field: str, address: str | None) -> tuple[Draft, str | None]:
    if not address:
        return draft, None
    url = resolve(address, "", PICTURE_SCHEMES)
    return (
        (draft, url) if url else (draft.noting("references", field, "is no usable web address and was left out"), None)
    )
