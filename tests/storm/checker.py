"""Judges what was seen after the storm by what the recording obliges to. Every function gives sentences: what is wrong.

`ok` must be there exactly once and as the last acknowledged version, `info` may be there once or not at all, anything
else must not be there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.storm.history import Fate
from tests.storm.looks import Seen
from tests.storm.plan import TOKEN, Version
from tests.storm.recorder import FAIL, OK

LISTED_ON_A_PAGE = 50
# A turn of an account whose worker was killed five times is given up, and the account is given another.
TURNS = "social.post"
# These say that something about an article's posts has changed, as often as it has; a doubled post is seen outside.
OF_POSTS = ("PostSent", "PostDeleted")
KINDS = {"sections": "section", "tags": "tag", "publishers": "publisher", "bylines": "byline", "languages": "language"}


def judge(fates: Mapping[str, Fate], lines: Iterable[dict[str, Any]], seen: Seen) -> list[str]:
    """Everything that is wrong, worst first; nothing when all promises were kept."""
    lines = list(lines)
    return [
        *_answers(fates, lines),
        *_identities(fates, seen),
        *_feeds(fates, seen),
        *_pages(fates, seen),
        *_receipts(fates, seen),
        *_counters(seen),
        *_events(fates, seen),
        *_readings(lines),
        *(f"dead letter: {letter}" for letter in seen.dead if letter["task"] != TURNS),
        *(f"left open: {row}" for row in seen.open_rows),
        *(f"illegal move: {move}" for move in seen.illegal_moves),
        *([f"integrity of the record: {seen.integrity}"] if seen.integrity != "ok" else []),
    ]


def _answers(fates: Mapping[str, Fate], lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        if line["type"] == FAIL and line.get("refused"):
            yield f"refused: {line['op']} of {line['key']} with {line.get('status')}: {line['refused']}"
    for key, fate in fates.items():
        for what in fate.unfinished:
            yield f"never answered: {what} of {key}, although its publisher kept trying"


def _identities(fates: Mapping[str, Fate], seen: Seen) -> Iterator[str]:
    """One story is one article with one id, and one id is one story."""
    owners: dict[str, set[str]] = {}
    for key, fate in fates.items():
        if len(fate.ids) > 1:
            yield f"doubled: {key} was acknowledged under {len(fate.ids)} ids: {sorted(fate.ids)}"
        for article_id in fate.ids:
            owners.setdefault(article_id, set()).add(key)
    for items in seen.feeds.values():
        for item in items:
            if match := TOKEN.search(item.title):
                owners.setdefault(item.id, set()).add(match[1])
    yield from (f"mixed up: {each} stands for {sorted(keys)}" for each, keys in owners.items() if len(keys) > 1)
    for article_id in seen.events.keys() - owners.keys():
        yield f"unexpected: article {article_id} is stored, but nobody knows it"


def _feeds(fates: Mapping[str, Fate], seen: Seen) -> Iterator[str]:
    shown: dict[str, set[int]] = {}  # key -> versions shown anywhere
    for (name, format), items in seen.feeds.items():
        where = f"{name} ({format})"
        yield from (f"doubled: id {each} in {where}" for each, n in Counter(i.id for i in items).items() if n > 1)
        standing = [(item, match) for item in items if (match := TOKEN.search(item.title))]
        for key, count in Counter(match[1] for _, match in standing).items():
            if count > 1:
                yield f"doubled: {key} is {count} times in {where}"
        for item, match in standing:
            key, version = match[1], int(match[2])
            shown.setdefault(key, set()).add(version)
            yield from _item(fates.get(key), key, version, name, where, seen.days[item.id])
        yield from _notices(fates, {item.id for item in items if not TOKEN.search(item.title)}, name, where)
        for key in _required(fates, seen, name) - {match[1] for _, match in standing}:
            yield f"lost: {key} is not in {where}"
    yield from (f"mixed up: {key} is shown in versions {sorted(v)}" for key, v in shown.items() if len(v) > 1)


def _item(fate: Fate | None, key: str, version: int, name: str, where: str, day: str) -> Iterator[str]:
    if fate is None or fate.accepted == FAIL:
        yield f"unexpected: {key} in {where}, which nobody submitted"
        return
    if fate.withdrawn == OK:
        yield f"risen again: {key} in {where}, although it was withdrawn"
    if version not in {each.number for each in fate.versions}:
        yield f"outdated: {key} in {where} is version {version}, not {_numbers(fate.versions)}"
    elif name not in fate.slices[1] | {day}:
        yield f"misplaced: {key} in {where}"


def _required(fates: Mapping[str, Fate], seen: Seen, name: str) -> set[str]:
    """The stories that must stand in a slice."""
    standing = {key: fate for key, fate in fates.items() if fate.must_stand}
    if name.startswith("day:"):
        return {key for key, fate in standing.items() if name in map(seen.days.get, fate.ids)}
    return {key for key, fate in standing.items() if name in fate.slices[0]}


def _notices(fates: Mapping[str, Fate], notices: set[str], name: str, where: str) -> Iterator[str]:
    withdrawn = {each for fate in fates.values() if fate.withdrawn != FAIL for each in fate.ids}
    for article_id in notices:
        if name.startswith("day:"):
            yield f"misplaced: the notice of {article_id} in {where}, the archive of what stands"
        elif article_id not in withdrawn:
            yield f"lost: {article_id} is a notice in {where}, but nobody withdrew it"


def _pages(fates: Mapping[str, Fate], seen: Seen) -> Iterator[str]:
    """A day's page lists what its feed holds, any other page the newest of it; an article's page what it is now."""
    for name, headlines in seen.pages.items():
        listed = Counter(match[1] for each in headlines if (match := TOKEN.search(each)))
        feed = _standing(seen, name)
        most = len(feed) if name.startswith("day:") else min(len(feed), LISTED_ON_A_PAGE)
        if sum(listed.values()) != most or len(listed) != most or listed.keys() - feed:
            yield f"page of {name}: lists {sum(listed.values())} articles, {len(listed)} of them different, not {most}"
    for fate in fates.values():
        for article_id in fate.ids & seen.articles.keys():
            status, headline = seen.articles[article_id]
            match = TOKEN.search(headline)
            right = (status == 200 and match and int(match[2]) in {each.number for each in fate.versions}) or (
                status == 410 and not match
            )
            if not right or (fate.must_stand and status != 200) or (fate.withdrawn == OK and status != 410):
                yield f"page of {fate.story.key}: answers {status} with {headline!r}"


def _receipts(fates: Mapping[str, Fate], seen: Seen) -> Iterator[str]:
    for fate in fates.values():
        for article_id in fate.ids:
            state = seen.receipts[article_id]["state"]
            possible = ("published",) if fate.must_stand else ("withdrawn",)
            if state not in (possible if fate.withdrawn in (OK, FAIL) else ("published", "withdrawn")):
                yield f"receipt of {fate.story.key} {article_id}: {state}"


def _counters(seen: Seen) -> Iterator[str]:
    """Every number shown is the number of articles that stand there."""
    total = len(_standing(seen, "all"))
    for where, said in (("masthead", seen.masthead["total"]["count"]), ("stats", seen.stats["total"])):
        if said != total:
            yield f"drift: the {where} says {said} in all, the feed holds {total}"
    days = [(each["date"], each["count"]) for each in seen.masthead["days"]]
    days += [(each["day"], each["articles"]) for each in seen.stats["days"]]
    said = {f"day:{day}": count for day, count in days}
    said |= {f"{kind}:{each['slug']}": each["articles"] for name, kind in KINDS.items() for each in seen.stats[name]}
    for name in sorted({each for each, _ in seen.feeds} | said.keys()):
        if name != "all" and said.get(name, 0) != len(_standing(seen, name)):
            yield f"drift: {name} is said to hold {said.get(name, 0)}, and holds {len(_standing(seen, name))}"
    for row in seen.verify["drift"]:
        yield f"drift found by `masthead verify`: {row}"
    if seen.verify["articles"] != total or seen.verify["under_way"] or seen.verify["wrong_articles"]:
        yield f"drift: `masthead verify` finds {seen.verify}, the feed holds {total}"


def _events(fates: Mapping[str, Fate], seen: Seen) -> Iterator[str]:
    """A doubled event would become a doubled post. Of a version that was overtaken, later events may be missing."""
    by_id = {article_id: fate for fate in fates.values() for article_id in fate.ids}
    for article_id, events in seen.events.items():
        fate = by_id.get(article_id)
        name = f"{fate.story.key if fate else 'unknown'} {article_id}"
        for (event, version), count in events.items():
            if count > 1 and event not in OF_POSTS:
                yield f"doubled: {event} of {name} at version {version} is recorded {count} times"
        newest = max(version for _, version in events)
        wanted = {("ArticleAccepted", 1)}
        if any(event == "ArticleWithdrawn" for event, _ in events):
            wanted.add(("ArticleWithdrawn", newest))
        else:
            wanted |= {("ArticleEnriched", newest), ("ArticlePublished", newest)}
        for event, version in wanted - events.keys():
            yield f"lost: {event} of {name} at version {version} is not recorded"


def _readings(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        if line["type"] == OK and line["op"] == "read":
            yield from (f"doubled: a reader saw {each} twice at {line['t']} s" for each in line["twice"])
            yield from (f"lost: a reader no longer saw {each} at {line['t']} s" for each in line["vanished"])


def _standing(seen: Seen, name: str) -> set[str]:
    """Keys of the stories that stand in a slice's feed."""
    items = next((items for (slice, _), items in seen.feeds.items() if slice == name), [])
    return {match[1] for item in items if (match := TOKEN.search(item.title))}


def _numbers(versions: Iterable[Version]) -> str:
    return " or ".join(str(each.number) for each in versions)
