"""The demo newsroom's articles, written for this project."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

ARTICLES = Path(__file__).with_name("demo") / "articles.ndjson"

# How many articles each day gets, today first; the last day takes what is left.
_PER_DAY = (4, 3, 3, 2)
_HOURS = (time(18, 40), time(13, 5), time(8, 20))


def load(now: datetime) -> list[dict[str, Any]]:
    """The articles as submissions, the newest first, with published_at over the five days that end at `now`.

    None lies in the future. Days are those of the zone of `now`: pass it in the publication's.
    """
    articles = [json.loads(line) for line in ARTICLES.read_text(encoding="utf-8").splitlines()]
    for article, published_at in zip(articles, _times(now, len(articles)), strict=True):
        article["published_at"] = published_at.isoformat()
    return articles


def _times(now: datetime, count: int) -> list[datetime]:
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    today = _PER_DAY[0]
    times = [midnight + (now - midnight) * (today - number) / (today + 1) for number in range(today)]
    for day, articles in enumerate([*_PER_DAY[1:], count - sum(_PER_DAY)], 1):
        date = now.date() - timedelta(days=day)
        times += [datetime.combine(date, hour, now.tzinfo) for hour in _HOURS[:articles]]
    return [each.replace(microsecond=0) for each in times]
