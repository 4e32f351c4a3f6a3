"""The readable part of the article's address."""

from __future__ import annotations

from services.enrich.draft import Context, Draft
from shared.text import slugify


def make_slug(draft: Draft, context: Context) -> Draft:
    return draft.having(slug=slugify(draft.headline, context.limits.slug))
