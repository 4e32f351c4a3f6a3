"""By what an exact repeat is known."""

from __future__ import annotations

import hashlib

from services.enrich.draft import Context, Draft


def fingerprint(draft: Draft, context: Context) -> Draft:
    """SHA-256 of headline, text and language. Markup, white space and everything beside the article do not matter."""
    parts = ("".join(part.split()) for part in (draft.headline, draft.text, draft.language))
    return draft.having(content_hash=hashlib.sha256("\n".join(parts).encode()).hexdigest())
