"""What is not to be seen is seen nowhere: one test walks through every output, in every state an article can have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from services.feed.cursors import Before, Since
from services.feed.formats.oembed import OEMBEDS
from services.feed.formats.texts import TEXTS
from services.feed.networks import NETWORKS
from shared.models import Article
from shared.slices import PLACES, Slice
from shared.urls import FORMATS, feed_path, share_path, short_url, slice_path
from tests.factories import NOW
from tests.paper import BASE, BROWSER, Paper, Replica

SECRET = "Zanzibar"  # in no other text of these tests
CURSORS = {"before": Before(NOW + timedelta(days=1), 0), "since": Since(0, 0)}
HIDDEN = {
    "headline": f"{SECRET} headline",
    "html": f"<p>{SECRET} body</p>",
    "text": f"{SECRET} body",
    "summary": f"{SECRET} summary",
    "dateline": SECRET.upper(),
    "bylines": [f"Ada {SECRET}"],
    "tags": ["harbour", f"{SECRET} news"],
    "section": f"{SECRET} desk",
    "source": {"name": f"{SECRET} Agency", "url": f"https://{SECRET}.example/"},
    "canonical_url": f"https://{SECRET}.example/original",
    "image": {"url": f"https://{SECRET}.example/a.jpg", "alt": SECRET, "credit": SECRET},
    "keywords": [SECRET],
}


def outputs(paper: Paper, replica: Replica, seq: int) -> Iterator[tuple[str, str]]:
    """Address and everything that is said there, headers included."""
    slices = [Slice.parse(name) for name in paper.slices()]
    slices += [Slice(kind, f"{SECRET.lower()}-{kind}") for kind in PLACES]
    paths = [slice_path(each) for each in slices] + [feed_path(each, format) for each in slices for format in FORMATS]
    paths += ["/", *(f"/{file}" for file in FORMATS.values()), "/masthead.json", "/2018/04/20/", "/2018/04/20/feed.rss"]
    paths += ["/sitemap.xml", "/sitemap-pages.xml", "/2018/04/20/sitemap.xml", "/news-sitemap.xml", "/robots.txt"]
    paths += ["/feeds", "/feeds.opml", "/feeds?tag=harbour&language=en", "/feeds?tag=harbour&language=en&format=json"]
    paths += [f"/feed.json?{name}={at}" for name, at in CURSORS.items()]
    paths += [f"/2018/04/20/archive.{revision}.json" for revision in range(1, 5)]
    if paper.is_enriched(seq):
        short = short_url(paper.path(seq))  # without the words of the headline, which an error page may repeat
        paths += [f"{short}.{extension}" for extension in TEXTS]
        paths += [f"/oembed?url={BASE}{short}&format={format}" for format in OEMBEDS]
    article_id = paper.article_id(seq)
    paths += [f"/share/{article_id}", *(share_path(network, article_id) for network in NETWORKS)]
    for path in paths:
        for accept in ("*/*", BROWSER):
            answer = replica.get(path, accept=accept)
            yield path, f"{answer.headers}\n{answer.text}"


def assert_hidden(paper: Paper, replica: Replica, seq: int, *, but: tuple[str, ...] = ()) -> None:
    for path, said in outputs(paper, replica, seq):
        if not path.startswith(but):
            assert SECRET.lower() not in said.lower(), f"{path} leaks"


@pytest.fixture
def replica(paper: Paper) -> Replica:
    paper.publish(headline="Harbour reopens", tags=["harbour"], section="World")
    return paper.replica()


def test_an_article_that_is_only_accepted_leaks_nowhere(paper: Paper, replica: Replica) -> None:
    seq = paper.newsroom.accept()
    submit(paper, seq)
    paper.work()
    assert_hidden(paper, replica, seq)


def test_a_new_version_that_is_only_accepted_leaks_nowhere(paper: Paper, replica: Replica) -> None:
    submit(paper, 1)
    with paper.db.write() as session:
        session.execute(update(Article).where(Article.seq == 1).values(version=2))
    paper.work()
    assert_hidden(paper, replica, 1)
    assert "Harbour reopens" in replica.get("/feed.rss").text


def test_what_is_withdrawn_leaks_nowhere(paper: Paper, replica: Replica) -> None:
    seq = paper.publish(**HIDDEN)
    path = paper.path(seq)
    assert SECRET in replica.get(path).text
    assert SECRET in replica.get("/feed.atom").text
    paper.newsroom.withdraw(seq, "It was wrong.")
    paper.work()
    # A feed that somebody may have subscribed to keeps its name, though there is nothing left in it.
    named = ("/tags/zanzibar-news/", "/bylines/ada-zanzibar/", "/sections/zanzibar-desk/")
    assert_hidden(paper, replica, seq, but=named)
    for place in named:
        assert f"{SECRET} body" not in replica.get(place + "feed.rss").text
        assert f"{SECRET} headline" not in replica.get(place).text
    gone = replica.get(path)
    assert gone.status_code == 410
    assert SECRET.lower() not in f"{gone.headers}{gone.text}".lower()
    assert_hidden(paper, paper.replica(), seq, but=named)


def test_what_is_withdrawn_before_it_was_placed_leaks_nowhere(paper: Paper, replica: Replica) -> None:
    seq = paper.newsroom.publish(**HIDDEN)
    path = paper.path(seq)
    paper.newsroom.withdraw(seq)
    paper.work()
    assert_hidden(paper, replica, seq)
    assert SECRET.lower() not in replica.get(path).text.lower()


def test_an_edit_takes_its_old_words_out_of_every_output(paper: Paper, replica: Replica) -> None:
    seq = paper.publish(headline="Harbour", html=f"<p>{SECRET}</p>", summary=SECRET, tags=["harbour"])
    assert SECRET in replica.get("/feed.rss").text
    paper.newsroom.edit(seq, html="<p>Corrected.</p>", summary="Corrected.")
    paper.work()
    assert_hidden(paper, replica, seq)


def submit(paper: Paper, seq: int) -> None:
    with paper.db.write() as session:
        values = {"headline": f"{SECRET} headline", "body": f"{SECRET} body", "tags": [f"{SECRET} news"]}
        session.execute(update(Article).where(Article.seq == seq).values(submission=values))
