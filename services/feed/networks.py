"""The networks readers share on: the address of each one's "new post" window, and what goes into it.

Pure, and no network's script is needed. Text goes out in logical order without added direction marks (they cost
letters on X), a link inside a text stands on a line of its own, and text is counted and cut as it is for our own posts
(shared/copyfit). Only prose is ever shortened, never the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from urllib.parse import quote

from shared.copyfit.cutting import shorten
from shared.copyfit.hashtags import Hashtags, hashtags
from shared.copyfit.rules import BLUESKY, THREADS, Bound, Rule, Unit, X, mastodon
from shared.urls import LONG_LINK

REDDIT_TITLE = Rule((Bound(Unit.UTF16_UNITS, 300),))
HACKERNEWS_TITLE = Rule((Bound(Unit.UTF16_UNITS, 80),))
THREADS_TAG = Hashtags(most=1, longest=50)
MAIL_LENGTH = 2000  # of the whole mailto link, which some mail programs cut
MAIL_SUBJECT = 700  # of that, percent-encoded
MOST_TAGS = 3
TAG_LENGTH = 300  # percent-encoded


@dataclass(frozen=True)
class Subject:
    """What is shared: plain text, and absolute addresses in ASCII (raw letters in a path are cut by X)."""

    url: str
    headline: str
    summary: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    image: str = ""
    short_url: str = ""


@dataclass(frozen=True)
class Network:
    """`takes` names the network's parameters and what goes into each; one with nothing to say is left out.
    `on_phones`: the link does nothing where the app is not installed, as it rarely is elsewhere."""

    label: str
    endpoint: str
    takes: Mapping[str, Callable[[Subject], str]]
    needs_image: bool = False
    on_phones: bool = False

    @property
    def is_page(self) -> bool:
        """True for a page of the network's, False for an app on the reader's device."""
        return self.endpoint.startswith("https://")


def encode(text: str) -> str:
    """Percent-encoded for a parameter; a space is %20, because mail and app schemes show a `+` literally."""
    return quote(text, safe="")


def _headline_where(subject: Subject, fits: Callable[[str], bool]) -> str:
    return shorten(subject.headline, subject.language, fits)[0]


def _counted_url(subject: Subject) -> str:
    """The address where every letter of it counts: percent-encoded Arabic alone can fill a post."""
    return subject.short_url if subject.short_url and len(subject.url) > LONG_LINK else subject.url


def _headline_and_url(subject: Subject) -> str:
    return _with_link(subject.headline, subject.url)


def _with_link(prose: str, url: str) -> str:
    # On a line of its own: right-to-left text beside it cannot reorder it.
    return f"{prose}\n{url}" if prose else url


def _x_text(subject: Subject) -> str:
    return _headline_where(subject, lambda text: X.fits(f"{text} {subject.url}"))


def _x_hashtags(subject: Subject) -> str:
    """As many of the first tags as fit beside text and link."""
    post, fitting = f"{_x_text(subject)} {subject.url}", []
    for word in hashtags(subject.tags, language=subject.language, joiners=X.joiners):
        post += f" #{word}"
        if not X.fits(post):
            break
        fitting.append(word)
    return ",".join(fitting)


def _bluesky_text(subject: Subject) -> str:
    url = _counted_url(subject)
    return _with_link(_headline_where(subject, lambda text: BLUESKY.fits(_with_link(text, url))), url)


def _mastodon_text(subject: Subject) -> str:
    rule = mastodon()
    return _with_link(_headline_where(subject, lambda text: rule.fits(_with_link(text, subject.url))), subject.url)


def _threads_text(subject: Subject) -> str:
    return _headline_where(subject, lambda text: THREADS.fits(_with_link(text, subject.url)))


def _threads_tag(subject: Subject) -> str:
    return "".join(hashtags(subject.tags, THREADS_TAG, subject.language, THREADS.joiners))


def _reddit_title(subject: Subject) -> str:
    return _headline_where(subject, REDDIT_TITLE.fits)


def _hackernews_title(subject: Subject) -> str:
    return _headline_where(subject, HACKERNEWS_TITLE.fits)


def _text_with_counted_url(subject: Subject) -> str:
    return _with_link(subject.headline, _counted_url(subject))


def _mail_subject(subject: Subject) -> str:
    return _headline_where(subject, lambda text: len(encode(text)) <= MAIL_SUBJECT)


def _mail_body(subject: Subject) -> str:
    """Summary, empty line, link; line ends as RFC 6068 wants them (%0D%0A)."""
    link = f"\r\n\r\n{subject.url}"
    room = MAIL_LENGTH - len("mailto:?subject=&body=") - len(encode(_mail_subject(subject))) - len(encode(link))
    summary, _ = shorten(subject.summary, subject.language, lambda text: len(encode(text)) <= room)
    return summary + link if summary else subject.url


def _tumblr_tags(subject: Subject) -> str:
    tags = (tag.replace(",", " ") for tag in subject.tags)
    return ",".join([tag for tag in tags if len(encode(tag)) <= TAG_LENGTH][:MOST_TAGS])


_url, _headline, _summary, _image = map(attrgetter, ("url", "headline", "summary", "image"))

NETWORKS = {
    "x": Network("X", "https://x.com/intent/tweet?", {"text": _x_text, "url": _url, "hashtags": _x_hashtags}),
    "facebook": Network("Facebook", "https://www.facebook.com/sharer/sharer.php?", {"u": _url}),
    "whatsapp": Network("WhatsApp", "https://wa.me/?", {"text": _headline_and_url}),
    "telegram": Network("Telegram", "https://t.me/share/url?", {"url": _url, "text": _headline}),
    "linkedin": Network("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?", {"url": _url}),
    "reddit": Network("Reddit", "https://www.reddit.com/submit?", {"url": _url, "title": _reddit_title}),
    "bluesky": Network("Bluesky", "https://bsky.app/intent/compose?", {"text": _bluesky_text}),
    "mastodon": Network("Mastodon", "https://share.joinmastodon.org/?", {"text": _mastodon_text}),
    "threads": Network(
        "Threads",
        "https://www.threads.com/intent/post?",
        {"text": _threads_text, "url": _url, "tag": _threads_tag},
    ),
    "pinterest": Network(
        "Pinterest",
        "https://www.pinterest.com/pin/create/button/?",
        {"url": _url, "media": _image, "description": _headline},
        needs_image=True,
    ),
    "tumblr": Network(
        "Tumblr",
        "https://www.tumblr.com/widgets/share/tool?posttype=link&",
        {"canonicalUrl": _url, "title": _headline, "caption": _summary, "tags": _tumblr_tags},
    ),
    "vk": Network("VK", "https://vk.com/share.php?", {"url": _url, "title": _headline, "image": _image}),
    "line": Network("LINE", "https://social-plugins.line.me/lineit/share?", {"url": _url, "text": _headline}),
    "hackernews": Network(
        "Hacker News", "https://news.ycombinator.com/submitlink?", {"u": _url, "t": _hackernews_title}
    ),
    "flipboard": Network(
        "Flipboard", "https://share.flipboard.com/bookmarklet/popout?v=2&", {"title": _headline, "url": _url}
    ),
    "instapaper": Network(
        "Instapaper",
        "https://www.instapaper.com/hello2?",
        {"url": _url, "title": _headline, "description": _summary},
    ),
    "viber": Network("Viber", "viber://forward?", {"text": _text_with_counted_url}, on_phones=True),
    "email": Network("E-mail", "mailto:?", {"subject": _mail_subject, "body": _mail_body}),
    # "?&" is what both iOS and Android read.
    "sms": Network("SMS", "sms:?&", {"body": _text_with_counted_url}),
}
