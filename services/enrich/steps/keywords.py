"""Keywords of the article, for machines and for search; tags are the publisher's."""

from __future__ import annotations

from services.enrich.draft import Context, Draft
from services.enrich.keywords import keywords_of


def find_keywords(draft: Draft, context: Context) -> Draft:
    language = draft.language.split("-")[0]
    return draft.having(keywords=keywords_of(draft.headline, draft.text, language, context.limits.keywords))
