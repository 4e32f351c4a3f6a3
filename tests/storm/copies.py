"""Judges the copies that others hold: posts on networks, and what the hub told its subscriber."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.storm.history import Fate
from tests.storm.looks import Seen
from tests.storm.outside import TOPIC, Copies, is_posted
from tests.storm.plan import TOKEN
from tests.storm.recorder import FAIL, OK


def judge_copies(fates: Mapping[str, Fate], seen: Seen, copies: Copies) -> list[str]:
    """Everything that is wrong, in sentences."""
    return [*_posts(fates, copies), *_told(seen, copies)]


def _posts(fates: Mapping[str, Fate], copies: Copies) -> Iterator[str]:
    """A story that stands is posted once by the account of its language, and nothing else is posted."""
    for language, texts in copies.posts.items():
        where = f"the posts in {language}"
        shown = defaultdict(list)
        for text in texts:
            match = TOKEN.search(text)
            shown[match[1] if match else text].append(int(match[2]) if match else 0)
        for key, versions in shown.items():
            if len(versions) > 1:
                yield f"doubled: {key} is {len(versions)} times among {where}"
            yield from _post(fates.get(key), key, versions[0], language, where)
        for key, fate in fates.items():
            if fate.must_stand and is_posted(fate.story, language) and key not in shown:
                yield f"lost: {key} is not among {where}"


def _post(fate: Fate | None, key: str, version: int, language: str, where: str) -> Iterator[str]:
    if fate is None or fate.accepted == FAIL or not is_posted(fate.story, language):
        yield f"unexpected: {key} is among {where}"
    elif fate.withdrawn == OK:
        yield f"risen again: {key} is among {where}, although it was withdrawn"
    elif version not in {each.number for each in fate.versions}:
        yield f"outdated: {key} is among {where} as version {version}"


def _told(seen: Seen, copies: Copies) -> Iterator[str]:
    """What the subscriber was told last is what the feed is now."""
    now = {item.id: item.title for (name, _), items in seen.feeds.items() if name == str(TOPIC) for item in items}
    for article_id in now.keys() | copies.told.keys():
        if now.get(article_id) != copies.told.get(article_id):
            told, is_now = copies.told.get(article_id), now.get(article_id)
            yield f"outdated: the hub's subscriber holds {told!r} for {article_id}, the feed {is_now!r}"
