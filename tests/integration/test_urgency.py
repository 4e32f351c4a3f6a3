"""An urgency goes the whole way from the submission to the feed, and nobody is given one; on both databases."""

from __future__ import annotations

from pathlib import Path

from services.enrich.tasks import EnrichTasks
from shared.models import Article, Enrichment
from shared.publication import load_publication
from tests.factories import NOW
from tests.fakes import FakeClock
from tests.ingest_api import Api, problem
from tests.newsroom import work
from tests.paper import Paper


def kept(api: Api, tmp_path: Path) -> list[int | None]:
    """The urgencies in the record once everything is enriched, in the order of acceptance."""
    tasks = EnrichTasks(api.db, load_publication(tmp_path / "none.toml"), FakeClock(NOW))
    work(api.db, {"enrich.article": tasks.article})
    with api.db.read() as session:
        return [each.urgency for each in session.query(Enrichment).order_by(Enrichment.article_seq)]


def test_the_record_keeps_what_was_given_and_moves_with_a_replacement(api: Api, tmp_path: Path) -> None:
    flash = api.accept(urgency=1)
    api.accept()
    api.accept(urgency=9)
    assert kept(api, tmp_path) == [1, None, 9]
    assert api.put(flash["id"], flash["etag"], urgency=4).status_code == 202
    assert kept(api, tmp_path) == [4, None, 9]
    assert api.put(flash["id"], "*").status_code == 202
    assert kept(api, tmp_path) == [None, None, 9]


def test_an_urgency_makes_another_article_and_none_a_repeat(api: Api) -> None:
    first = api.accept(external_id="cms-1")
    assert api.accept(external_id="cms-1", urgency=None)["id"] == first["id"]
    problem(api.post(external_id="cms-1", urgency=5), 422)
    with api.db.read() as session:
        assert "urgency" not in session.query(Article).one().submission


def test_a_wrong_urgency_is_refused_by_name_alone_and_in_a_batch(api: Api) -> None:
    found = problem(api.post(urgency="flash"), 422)
    (wrong,) = found["errors"]
    assert (wrong["pointer"], wrong["detail"], wrong["found"]) == (
        "/urgency",
        "is no whole number from 1 to 9",
        "flash",
    )
    assert wrong["accepted"].startswith("a whole number from 1 to 9. ")
    (line,) = api.batch(b'{"headline": "H", "body": "B", "urgency": 10}')
    assert (line["status"], line["problem"]["errors"][0]["pointer"]) == (422, "/urgency")
    assert api.stored() == (0, 0, 0)


def test_the_json_feed_says_it_until_the_article_is_withdrawn_and_the_page_never(paper: Paper) -> None:
    seq = paper.publish(urgency=1)
    paper.publish()
    replica = paper.replica()

    def urgencies() -> list[int | None]:
        feed = replica.get("/feed.json").json
        assert feed is not None
        return [item["_masthead"].get("urgency") for item in feed["items"]]

    assert urgencies() == [None, 1]
    assert "urgency" not in replica.get(paper.path(seq)).text
    paper.newsroom.withdraw(seq)
    paper.work()
    assert urgencies() == [None, None]
