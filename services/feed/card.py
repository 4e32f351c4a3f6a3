"""How a page introduces itself to machines: Open Graph, Twitter card and JSON-LD. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from babel.core import get_global
from markupsafe import Markup

from services.feed.discussion import Discussion
from services.feed.story import Story
from services.feed.translations import Variant
from shared import cards
from shared.publication import Publication
from shared.slices import Slice
from shared.urls import card_path, slice_path

# Inside <script> these could end the element or, in old engines, the line; JSON reads the escapes as the same letters.
_UNSAFE_IN_SCRIPT = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def open_graph_locale(language: str) -> str:
    """`language_TERRITORY`, as Open Graph wants it: `tr_TR`, `zh_CN`; the likely territory when none is named."""
    parts = language.split("-")
    territory = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    likely = get_global("likely_subtags").get(parts[0].lower(), "")
    return "_".join(filter(None, (parts[0].lower(), territory or likely.rpartition("_")[2])))


def open_graph(story: Story, publication: Publication, variants: Sequence[Variant] = ()) -> Iterator[tuple[str, str]]:
    """Property and content of each meta element (ogp.me; the article vocabulary)."""
    yield "og:type", "article"
    yield "og:site_name", publication.name
    yield "og:title", story.headline
    yield "og:description", story.summary
    yield "og:url", story.url
    yield "og:locale", open_graph_locale(story.language)
    for each in variants:
        if each.language != story.language:
            yield "og:locale:alternate", open_graph_locale(each.language)
    if story.image:
        yield "og:image", story.image.url
        yield "og:image:alt", story.image.alt
    elif story.card:
        yield "og:image", publication.base_url + card_path(story.card)
        yield "og:image:type", cards.MEDIA_TYPE
        yield "og:image:width", str(cards.WIDTH)
        yield "og:image:height", str(cards.HEIGHT)
        yield "og:image:alt", story.headline
    yield "article:published_time", story.published_at.isoformat()
    yield "article:modified_time", story.updated_at.isoformat()
    for byline in story.bylines:
        yield "article:author", publication.base_url + slice_path(Slice("byline", byline.slug))
    if story.section:
        yield "article:section", story.section.label
    for tag in story.tags:
        yield "article:tag", tag.label


def news_article(
    story: Story, publication: Publication, variants: Sequence[Variant] = (), discussions: Sequence[Discussion] = ()
) -> dict[str, Any]:
    """schema.org NewsArticle; what is not known is left out."""

    def address(kind: str, slug: str) -> str:
        return publication.base_url + slice_path(Slice(kind, slug))

    known = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": story.urn,
        "identifier": story.urn,
        "mainEntityOfPage": {"@type": "WebPage", "@id": story.url},
        "url": story.url,
        "headline": story.headline,
        "description": story.summary,
        "inLanguage": story.language,
        "datePublished": story.published_at.isoformat(),
        "dateModified": story.updated_at.isoformat(),
        "author": [
            {"@type": "Person", "name": byline.label, "url": address("byline", byline.slug)} for byline in story.bylines
        ],
        "publisher": {
            "@type": "NewsMediaOrganization",
            "name": publication.name,
            "url": f"{publication.base_url}/",
            "sameAs": [profile.url for profile in publication.profiles],
        },
        "provider": {"@type": "Organization", "name": story.publisher.label},
        "articleSection": story.section.label if story.section else "",
        "keywords": [tag.label for tag in story.tags],
        "dateline": story.dateline,
        "wordCount": story.words,
        "image": _images(story, publication),
        "isBasedOn": story.canonical_url or (story.source.url if story.source else ""),
        "creditText": story.source.name if story.source else "",
        "discussionUrl": [each.url for each in discussions],
        "isAccessibleForFree": True,
        **_translations(story, publication, variants),
    }
    return {name: value for name, value in known.items() if value}


def _images(story: Story, publication: Publication) -> list[dict[str, Any]]:
    """The article's own picture, else its card."""
    if (image := story.image) is not None:
        known = {"@type": "ImageObject", "url": image.url, "caption": image.alt, "creditText": image.credit}
        return [{name: value for name, value in known.items() if value}]
    if not story.card:
        return []
    url = publication.base_url + card_path(story.card)
    return [{"@type": "ImageObject", "url": url, "width": cards.WIDTH, "height": cards.HEIGHT}]


def _translations(story: Story, publication: Publication, variants: Sequence[Variant]) -> dict[str, Any]:
    """The original of a translation; of an original, its translations."""

    def work(variant: Variant) -> dict[str, str]:
        url = publication.base_url + variant.path
        return {"@type": "NewsArticle", "@id": variant.urn, "url": url, "inLanguage": variant.language}

    original = next((each for each in variants if each.is_original), None)
    if original is None:
        return {}
    if original.urn != story.urn:
        return {"translationOfWork": work(original)}
    return {"workTranslation": [work(each) for each in variants if each is not original]}


def script_safe(value: Any) -> Markup:
    """JSON that can stand in a <script> element, whatever texts it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE_IN_SCRIPT))  # noqa: S704 - nothing HTML could read is left in it
