"""The addresses of an article's other forms: plain text, Markdown, and the card that others embed."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from flask import Blueprint, redirect, request

from services.feed.answers import PAGE_CACHE, Rendered
from services.feed.article_addresses import key_in_address, key_in_name
from services.feed.feed_views import DAY, answer
from services.feed.formats import oembed, texts
from services.feed.formats.oembed import OEMBED_PATH
from services.feed.formats.texts import TEXTS
from services.feed.kept import Kept
from services.feed.stand import Newsstand
from services.feed.story import Story
from services.feed.views import gone
from shared.bodies import whole_number
from shared.errors import Fault, NotFound, Refused

# Bytes of texts that are kept: a long article takes a second to become Markdown.
CAPACITY = 16_000_000
# So large that nobody's page is larger.
MOST_PIXELS = 100_000
_WRITERS = {"txt": texts.plain, "md": texts.markdown}


def make_form_views(stand: Newsstand) -> Blueprint:
    views = Blueprint("forms", __name__)
    publication = stand.publication
    made_texts: Kept[tuple[str, str], tuple[Story, Rendered]] = Kept(CAPACITY)

    @views.get(f"/{DAY}/<name>.<any({', '.join(TEXTS)}):extension>")
    def text(year: int, month: int, day: int, name: str, extension: str) -> Any:
        story = stand.story(key_in_name(name))
        if not story.withdrawn_at and not unquote(f"{story.url}.{extension}").endswith(request.path):
            return redirect(f"{story.url}.{extension}", 301)
        made = _text(stand, made_texts, story, extension)
        return gone(made) if story.withdrawn_at else answer(made)

    @views.get(OEMBED_PATH)
    def embed() -> Any:
        format = request.args.get("format", "json")
        if format not in oembed.FORMATS:
            fault = Fault("", "is not offered", format[:100], ", ".join(oembed.FORMATS), parameter="format")
            raise Refused("There is no such format.", faults=[fault], status=501, title="Not implemented")
        if not (url := request.args.get("url", "")):
            fault = Fault("", "is missing", accepted="the address of an article", parameter="url")
            raise Refused("Which article is meant?", faults=[fault])
        story = stand.story(key_in_address(url, publication.base_url))
        if story.withdrawn_at:
            raise NotFound("The article was withdrawn.")
        card = oembed.card(
            story,
            publication,
            whole_number(request, "maxwidth", oembed.WIDTH, MOST_PIXELS),
            whole_number(request, "maxheight", oembed.HEIGHT, MOST_PIXELS),
        )
        content_type, write = oembed.FORMATS[format]
        allowed = (("Access-Control-Allow-Origin", "*"),)  # editors fetch it from within a browser
        return answer(Rendered((), content_type, write(card), story.updated_at, True, PAGE_CACHE, allowed))

    return views


def _text(
    stand: Newsstand, made: Kept[tuple[str, str], tuple[Story, Rendered]], story: Story, extension: str
) -> Rendered:
    kept = made.get((story.id, extension))
    if kept is not None and kept[0] == story:
        return kept[1]
    body = _WRITERS[extension](story, stand.publication)
    content_type = f"{TEXTS[extension]}; charset=utf-8"
    headers = (("Content-Language", story.language), ("Link", f'<{story.url}>; rel="canonical"'))
    rendered = Rendered((), content_type, body, story.updated_at, True, PAGE_CACHE, headers)
    made.put((story.id, extension), (story, rendered), rendered.size + 2 * len(story.html))
    return rendered
