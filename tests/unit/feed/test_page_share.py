"""How an article's page offers to share it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from services.feed.formats import page as pages
from services.feed.networks import NETWORKS
from services.feed.share import ShareLink, share_links, subject_of
from services.feed.wording import WORDINGS
from shared.publication import Publication, Share
from tests.unit.feed.stories import BASE, ENGLISH, SYNDICATED

LINKS = (ShareLink("whatsapp", "WhatsApp"), ShareLink("email", "E-mail", is_page=False))


def article(story, links=LINKS, buttons=6):
    publication = Publication(name="The Courier", base_url=BASE, share=Share(buttons=buttons))
    frame = pages.article_frame(publication, None, story)
    return html.document_fromstring(pages.article_page(pages.ArticleView(frame, story, links)).decode())


def text_of(element):
    return " ".join(element.text_content().split())


def one(root, selector):
    (found,) = root.cssselect(selector)
    return found


def test_share_links_go_through_the_counter_and_are_named():
    links = article(ENGLISH).cssselect(".share a")
    assert [link.get("href") for link in links] == [f"/share/{name}/{ENGLISH.id}" for name in ("whatsapp", "email")]
    assert [link.get("aria-label") for link in links] == ["Share: WhatsApp (opens in a new tab)", "Share: E-mail"]
    assert [link.get("target") for link in links] == ["_blank", None]
    for link in links:
        assert {"noopener", "noreferrer"} <= set(link.get("rel").split())


@pytest.mark.parametrize("language", WORDINGS)
def test_in_every_language_what_shares_is_named_by_what_is_seen_and_more(language):
    links = tuple(share_links(subject_of(SYNDICATED), NETWORKS))
    root = article(replace(ENGLISH, language=language, direction=WORDINGS[language].direction), links)
    share = one(root, ".share")
    named = share.cssselect("a, button")
    assert len(named) == len(NETWORKS) + 5  # copy, system's window; share, chooser, cancel
    for each in named:
        seen, name = text_of(each), each.get("aria-label") or text_of(each)
        assert seen and seen in name
        assert (WORDINGS[language].new_tab in name) == (each.get("target") == "_blank")
    assert one(share, ".qr img").get("alt") == WORDINGS[language].qr_of
    assert [text_of(each) for each in share.cssselect("summary")] == [
        WORDINGS[language].more_networks,
        WORDINGS[language].qr_code,
    ]


def test_the_first_networks_are_buttons_and_the_others_are_to_be_opened():
    links = tuple(share_links(subject_of(ENGLISH), NETWORKS))
    names = [link.network for link in links]
    for buttons in (0, 3, len(links), 100):
        root = article(ENGLISH, links, buttons)
        shown = [link.get("href").split("/")[2] for link in root.cssselect(".share > ul > li > a")]
        opened = [link.get("href").split("/")[2] for link in root.cssselect(".share details.more a")]
        assert (shown, opened) == (names[:buttons], names[buttons:])
        assert bool(root.cssselect("details.more")) == (buttons < len(links))


def test_what_only_phones_can_open_is_marked():
    root = article(ENGLISH, tuple(share_links(subject_of(ENGLISH), NETWORKS)))
    assert [text_of(each) for each in root.cssselect(".on-phones")] == ["Viber"]


def test_buttons_and_the_dialog_need_the_script_and_wait_in_a_template():
    root = article(ENGLISH, (*LINKS, ShareLink("mastodon", "Mastodon")))
    assert root.xpath("//button[not(ancestor::template)] | //dialog[not(ancestor::template)]") == []
    assert len(root.xpath("//template//button")) == 4
    assert len(root.xpath("//template/dialog")) == 1
    assert article(ENGLISH).xpath("//dialog") == []
    assert one(root, "[role=status]").get("aria-live") == "polite"
