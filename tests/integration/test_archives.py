"""Archives of days: exactly what stands, reachable without a gap, and the same bytes for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.models import Feed
from shared.slices import ALL
from tests.factories import NOW
from tests.following import fill, links, location, read
from tests.paper import BASE, Paper, Replica


def walk(replica: Replica) -> list[dict[str, Any]]:
    """The current document and every archive that `prev-archive` leads to."""
    found = [read(replica, "/feed.json")]
    while "prev_archive" in found[-1]["_masthead"]:
        found.append(read(replica, found[-1]["_masthead"]["prev_archive"]))
    return found


def standing(documents: list[dict[str, Any]]) -> list[str]:
    """Ids of what stands, each once, the newest document's word counting."""
    seen: dict[str, bool] = {}
    for document in documents:
        for item in document["items"]:
            seen.setdefault(item["id"], "withdrawn" not in item["_masthead"])
    return [each for each, stands in seen.items() if stands]


def test_the_walk_from_the_current_feed_yields_exactly_the_total(paper: Paper) -> None:
    seqs = fill(paper, 130, every=timedelta(hours=9))
    fill(paper, 3, every=timedelta(0), published_at=NOW - timedelta(days=400))
    replica = paper.replica()
    documents = walk(replica)
    assert len(standing(documents)) == paper.counters.read([ALL])[0] == 133
    assert documents[-1]["items"][0]["date_published"].startswith("2017-03-16")
    for gone in (seqs[0], seqs[60], seqs[-1]):
        paper.newsroom.withdraw(gone)
    paper.work()
    assert len(standing(walk(replica))) == paper.counters.read([ALL])[0] == 130


@pytest.mark.databases("sqlite")
def test_a_feed_that_holds_everything_leads_to_no_archive(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    assert len(walk(replica)) == 1
    assert "prev-archive" not in links(replica, "/feed.rss")


def test_archives_hold_their_day_and_lead_past_empty_ones_both_ways(paper: Paper) -> None:
    days = [NOW - timedelta(days=back) for back in (30, 12, 1)]
    for number, at in enumerate(days):
        paper.publish(headline=f"Day {number}", published_at=at)
    replica = paper.replica()
    stable = [f"{BASE}/{at:%Y/%m/%d}/archive" for at in days]
    for format in ("rss", "atom"):
        moved = replica.get(f"{stable[1]}.{format}".removeprefix(BASE))
        assert (moved.status_code, moved.headers["Cache-Control"]) == (302, "public, no-cache")
        path = moved.headers["Location"].removeprefix(BASE)
        found = links(replica, path)
        assert found["self"] == BASE + path
        assert found["prev-archive"] == f"{stable[0]}.{format}"
        assert found["next-archive"] == f"{stable[2]}.{format}"
        assert b"archive/>" in replica.get(path).data and b"Day 1" in replica.get(path).data
    archive = read(replica, f"{stable[1]}.json")
    assert [item["title"] for item in archive["items"]] == ["Day 1"]
    assert archive["_masthead"]["archive"] is True
    assert archive["next_url"] == archive["_masthead"]["prev_archive"] == f"{stable[0]}.json"


def test_a_revision_is_immutable_and_older_ones_lead_to_the_newest(paper: Paper) -> None:
    seq = paper.publish(headline="As it was")
    replica, stable = paper.replica(), "/2018/04/20/archive.atom"
    first = location(replica, stable)
    answer = replica.get(first)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    paper.newsroom.edit(seq, headline="As it is")
    paper.work()
    second = location(replica, stable)
    assert second != first
    assert replica.get(first).headers["Location"] == BASE + second
    assert replica.get(first).status_code == 302
    assert "As it is" in replica.get(second).text
    assert replica.get("/2018/04/20/archive.9.atom").status_code == 404
    assert replica.head(second).headers["ETag"] == replica.get(second).headers["ETag"]


def test_between_an_edit_and_its_placing_an_archive_is_not_for_ever(paper: Paper) -> None:
    seq = paper.publish(headline="As it was")
    replica = paper.replica()
    path = location(replica, "/2018/04/20/archive.rss")
    paper.newsroom.edit(seq, headline="As it is")  # nobody has told the feed yet
    assert paper.replica().get(path).headers["Cache-Control"] == "public, no-cache"
    paper.newsroom.withdraw(seq)
    withdrawn = paper.replica().get(path)
    assert withdrawn.headers["Cache-Control"] == "public, no-cache"
    assert "As it" not in withdrawn.text


def test_bytes_under_a_revision_never_change(paper: Paper) -> None:
    """Whatever happens to the day itself and to the days around it."""
    seen: dict[str, bytes] = {}
    revisions: set[str] = set()
    seqs: list[int] = []

    def look() -> None:
        paper.work()
        replica = paper.replica()  # one that kept nothing
        for at in days:
            stable = f"/{at:%Y/%m/%d}/archive.rss"
            if replica.get(stable).status_code == 302:
                path = location(replica, stable)
                revisions.add(path)
                assert seen.setdefault(path, replica.get(path).data) == replica.get(path).data
        replica.stop()

    days = [NOW - timedelta(days=back) for back in range(5)]
    for back in (0, 4, 2, 1, 3, 2):
        seqs.append(paper.newsroom.publish(published_at=NOW - timedelta(days=back)))
        look()
    paper.newsroom.edit(seqs[3], headline="Another headline")
    look()
    for seq in (seqs[3], seqs[1], seqs[2], seqs[5], seqs[0]):
        paper.newsroom.withdraw(seq)
        look()
    paper.newsroom.publish_many([{"published_at": at} for at in days])
    look()
    assert len(revisions) > 15


def test_a_new_day_touches_only_the_days_beside_it(paper: Paper) -> None:
    for back in (9, 8, 3, 1):
        paper.publish(published_at=NOW - timedelta(days=back))

    def revisions() -> dict[str, int]:
        with paper.db.read() as session:
            return {row.slice: row.revision for row in session.query(Feed) if row.slice.startswith("day:")}

    before = revisions()
    seq = paper.publish(published_at=NOW - timedelta(days=5))
    opened = revisions()
    assert {day for day in before if opened[day] > before[day]} == {"day:2018-04-12", "day:2018-04-17"}
    paper.publish(published_at=NOW - timedelta(days=5))
    assert {day for day in opened if revisions()[day] > opened[day]} == {"day:2018-04-15"}
    paper.newsroom.withdraw(seq)
    paper.work()
    assert revisions()["day:2018-04-12"] == opened["day:2018-04-12"]


@pytest.mark.databases("sqlite")
def test_a_day_without_articles_has_no_archive_and_says_so(paper: Paper) -> None:
    seq = paper.publish()
    replica = paper.replica()
    assert replica.get("/2018/02/30/archive.rss").status_code == 404
    path = location(replica, "/2018/04/20/archive.rss")
    paper.newsroom.withdraw(seq)
    paper.work()
    for gone in ("/2018/04/19/archive.rss", "/2018/04/20/archive.rss", path):
        answer = replica.get(gone)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json; charset=utf-8")
        assert "this day" in answer.json["detail"]  # type: ignore[index]
