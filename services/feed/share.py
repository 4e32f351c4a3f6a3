"""Share links: for each network the address that opens its own "new post" window with the story in it.

Pure, and no network's script is needed. Text goes out in logical order without added direction marks (they cost
letters on X), a link inside a text stands on a line of its own, and a space is always %20: mail and app schemes show a
`+` literally. Only prose is ever shortened, never the link.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import attrgetter
from urllib.parse import quote

import regex

from services.feed.story import Story
from shared.text import ELLIPSIS, cut
from shared.urls import short_url

X_LENGTH = 280  # weighted, see x_weight
X_LINK = 23  # what any link weighs on X
BLUESKY_LENGTH = 300  # graphemes
MASTODON_LENGTH = 500  # graphemes; the default of a server
MASTODON_LINK = 23
THREADS_LENGTH = 500
THREADS_TAG = 50
REDDIT_TITLE = 300
HACKERNEWS_TITLE = 80
MAIL_LENGTH = 2000  # of the whole mailto link, which some mail programs cut
MAIL_SUBJECT = 700  # of that, percent-encoded
MOST_HASHTAGS = 3
LONG_LINK = 100  # beyond this the short address is used where a reader pays for every letter

_INVISIBLE = regex.compile(r"[\s\p{Cc}\p{Cs}]+")
_NOT_IN_HASHTAG = regex.compile(r"[^\p{L}\p{M}\p{N}\u200c]+")  # ZWNJ is a letter's neighbour in Persian
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[0-9#*]\ufe0f?\u20e3")


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
class ShareLink:
    network: str
    label: str
    url: str


@dataclass(frozen=True)
class Network:
    """`takes` names the network's parameters and what goes into each; one with nothing to say is left out."""

    label: str
    endpoint: str
    takes: Mapping[str, Callable[[Subject], str]]
    needs_image: bool = False


def subject_of(story: Story) -> Subject:
    return Subject(
        url=story.url,
        headline=story.headline,
        summary=story.summary,
        language=story.language,
        tags=tuple(tag.label for tag in story.tags),
        image=story.image.url if story.image else "",
        short_url=short_url(story.url),
    )


def can_take(network: str, subject: Subject) -> bool:
    """False for a network that is unknown, or that needs an image where there is none."""
    return network in NETWORKS and (bool(subject.image) or not NETWORKS[network].needs_image)


def share_links(subject: Subject, networks: Iterable[str]) -> list[ShareLink]:
    """The links of those networks, in their order; one that cannot take the subject is left out."""
    targets = ((name, share_target(name, subject)) for name in networks)
    return [ShareLink(name, NETWORKS[name].label, target) for name, target in targets if target]


def share_target(network: str, subject: Subject) -> str | None:
    """Where sharing on a network leads: always an address of that network. None where `can_take` is False."""
    if not can_take(network, subject):
        return None
    found = NETWORKS[network]
    subject = replace(subject, headline=_one_line(subject.headline), summary=_one_line(subject.summary))
    given = {name: value(subject) for name, value in found.takes.items()}
    return found.endpoint + "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)


def x_weight(text: str) -> int:
    """Length of text without links as X counts it (twitter-text, configuration 3): NFC; Latin, Arabic and other
    alphabets 1, CJK and the ellipsis 2, an emoji sequence 2 whatever it is made of."""
    return sum(_x_grapheme_weight(each) for each in _graphemes(unicodedata.normalize("NFC", text)))


def shorten(text: str, room: int, weigh: Callable[[str], int]) -> str:
    """`shared.text.cut` for networks that do not count graphemes: with its ellipsis the text weighs `room` at most.

    `weigh` must add up over graphemes. Empty when not even one grapheme fits.
    """
    if weigh(text) <= room:
        return text
    graphemes = _graphemes(text)
    reached = accumulate((weigh(each) for each in graphemes), initial=weigh(ELLIPSIS))
    fitting = sum(1 for weight in reached if weight <= room) - 1
    return cut(text, min(fitting, len(graphemes) - 2) + 1) if fitting > 0 else ""


def _graphemes(text: str) -> list[str]:
    return [match[0] for match in regex.finditer(r"\X", text)]


def _x_grapheme_weight(grapheme: str) -> int:
    if _EMOJI.search(grapheme):
        return 2
    return sum(1 if _is_light_on_x(ord(each)) else 2 for each in grapheme)


def _is_light_on_x(point: int) -> bool:
    return point <= 4351 or 8192 <= point <= 8205 or 8208 <= point <= 8223 or 8242 <= point <= 8247


def _one_line(text: str) -> str:
    return str(_INVISIBLE.sub(" ", text)).strip()


def _quoted_length(text: str) -> int:
    return len(quote(text, safe=""))


def _hashtags(subject: Subject) -> list[str]:
    """Tags as hashtag words, without the #: `climate change` is climate_change; one without a letter is none."""
    words = (_NOT_IN_HASHTAG.sub("_", tag).strip("_\u200c") for tag in subject.tags)
    return [word for word in words if regex.search(r"\p{L}", word)]


def _counted_url(subject: Subject) -> str:
    """The address where every letter of it counts: percent-encoded Arabic alone can fill a post."""
    return subject.short_url if subject.short_url and len(subject.url) > LONG_LINK else subject.url


def _headline_and_url(subject: Subject) -> str:
    return _with_link(subject.headline, subject.url)


def _with_link(prose: str, url: str) -> str:
    # On a line of its own: right-to-left text beside it cannot reorder it.
    return f"{prose}\n{url}" if prose else url


def _x_text(subject: Subject) -> str:
    return shorten(subject.headline, X_LENGTH - X_LINK - 1, x_weight)


def _x_hashtags(subject: Subject) -> str:
    """As many of the first tags as fit beside text and link."""
    room = X_LENGTH - X_LINK - 1 - x_weight(_x_text(subject))
    fitting = []
    for word in _hashtags(subject)[:MOST_HASHTAGS]:
        room -= x_weight(f" #{word}")
        if room < 0:
            break
        fitting.append(word)
    return ",".join(fitting)


def _bluesky_text(subject: Subject) -> str:
    url = _counted_url(subject)
    room = BLUESKY_LENGTH - len(url) - 1
    return _with_link(cut(subject.headline, room) if room > 1 else "", url)


def _mastodon_text(subject: Subject) -> str:
    return _with_link(cut(subject.headline, MASTODON_LENGTH - MASTODON_LINK - 1), subject.url)


def _threads_text(subject: Subject) -> str:
    return shorten(subject.headline, THREADS_LENGTH - len(subject.url) - 1, _threads_weight)


def _threads_weight(text: str) -> int:
    """Code points, but an emoji counts as its bytes in UTF-8."""
    return sum(len(each.encode()) if _EMOJI.search(each) else len(each) for each in _graphemes(text))


def _threads_tag(subject: Subject) -> str:
    return next((word for word in _hashtags(subject) if len(word) <= THREADS_TAG), "")


def _reddit_title(subject: Subject) -> str:
    return shorten(subject.headline, REDDIT_TITLE, len)


def _hackernews_title(subject: Subject) -> str:
    return shorten(subject.headline, HACKERNEWS_TITLE, len)


def _sms_text(subject: Subject) -> str:
    return _with_link(subject.headline, _counted_url(subject))


def _mail_subject(subject: Subject) -> str:
    return shorten(subject.headline, MAIL_SUBJECT, _quoted_length)


def _mail_body(subject: Subject) -> str:
    """Summary, empty line, link; line ends as RFC 6068 wants them (%0D%0A)."""
    link = f"\r\n\r\n{subject.url}"
    taken = len("mailto:?subject=&body=") + _quoted_length(_mail_subject(subject)) + _quoted_length(link)
    summary = shorten(subject.summary, MAIL_LENGTH - taken, _quoted_length)
    return summary + link if summary else subject.url


def _tumblr_tags(subject: Subject) -> str:
    return ",".join(tag.replace(",", " ") for tag in subject.tags[:MOST_HASHTAGS])


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
    "email": Network("E-mail", "mailto:?", {"subject": _mail_subject, "body": _mail_body}),
    # "?&" is what both iOS and Android read.
    "sms": Network("SMS", "sms:?&", {"body": _sms_text}),
}
