"""What a process keeps ready, and that nothing stale is among it."""

from __future__ import annotations

from datetime import UTC, datetime
from wsgiref.types import StartResponse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feed import hot as hot_module
from services.feed.answers import CODINGS, Rendered
from services.feed.hot import FastPath, Hot
from services.feed.kept import Kept

CHANGED = datetime(2018, 4, 20, 12, 0, 5, 700_000, tzinfo=UTC)
BODY = "<rss>Şeker, شكر, 糖</rss>".encode() * 50


def rendered(body: bytes = BODY, *, which: str = "all") -> Rendered:
    return Rendered((which,), "application/rss+xml; charset=utf-8", body, CHANGED, False)


def test_a_document_is_fresh_until_its_slice_moves() -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    hot.keep("/feed.atom", rendered(b"atom"), hot.mark())
    hot.keep("/tags/a/feed.rss", rendered(b"a", which="tag:a"), hot.mark())
    hot.moved(["all", "tag:b"])
    assert hot.fresh("/feed.rss") is hot.fresh("/feed.atom") is None
    assert hot.fresh("/tags/a/feed.rss") is not None


def test_what_was_read_before_a_move_and_rendered_after_it_is_not_kept() -> None:
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved(["all"])
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is None
    hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/feed.rss") is not None


def test_a_move_of_another_slice_is_no_reason_to_throw_a_rendering_away() -> None:
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved(["tag:b"])
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is not None


def test_while_the_record_is_away_what_was_fresh_is_at_hand_and_what_had_moved_is_not() -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    hot.keep("/tags/a/feed.rss", rendered(which="tag:a"), mark := hot.mark())
    hot.moved(["tag:a"])
    assert hot.was_current(["all"], mark) and not hot.was_current(["tag:a"], mark)
    for _ in range(3):
        hot.away()
        assert hot.fresh("/feed.rss") is None
        assert hot.last("/feed.rss") is not None
        assert hot.last("/tags/a/feed.rss") is None
        assert hot.was_current(["all"], mark) and not hot.was_current(["tag:a"], mark)
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is None, "read before, kept after"
    hot.lost()
    hot.proven(0.0)
    assert hot.last("/feed.rss") is hot.away_since is None
    assert not hot.was_current(["all"], mark)


def test_when_it_is_not_known_what_moved_nothing_is_fresh() -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    mark = hot.mark()
    hot.lost()
    assert hot.fresh("/feed.rss") is None
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is None


def test_the_oldest_go_when_there_is_no_more_room() -> None:
    hot = Hot(3 * rendered().size)
    for number in range(5):
        hot.keep(f"/{number}", rendered(which=f"tag:{number}"), hot.mark())
    assert [number for number in range(5) if hot.fresh(f"/{number}")] == [2, 3, 4]


def test_a_document_kept_again_takes_its_room_once() -> None:
    hot = Hot(2 * rendered().size)
    hot.keep("/other", rendered(which="tag:other"), hot.mark())
    for _ in range(10):
        hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/other") is not None


def test_room_counts_the_codings() -> None:
    feed = rendered()
    codings = sum(len(feed.representation(coding).body) for coding in CODINGS)
    assert feed.size >= len(feed.body) + codings


def test_a_document_larger_than_all_the_room_is_not_kept() -> None:
    hot = Hot(10)
    hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/feed.rss") is None


def test_what_moves_is_remembered_for_renderings_under_way_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_module, "MOVES_REMEMBERED", 3)
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved([f"tag:{number}" for number in range(5)])
    assert len(hot._moved_at) == 3
    for number in range(5):
        hot.keep(f"/{number}", rendered(which=f"tag:{number}"), mark)
        assert hot.fresh(f"/{number}") is None
    hot.keep("/0", rendered(which="tag:0"), hot.mark())
    assert hot.fresh("/0") is not None


def test_asking_for_what_is_not_there_leaves_nothing_behind() -> None:
    hot = Hot(10**6)
    for number in range(1000):
        hot.fresh(f"/tags/{number}/feed.rss")
        hot.mark()
    hot.keep("/feed.rss", rendered(), hot.mark())
    hot.moved(["all"])
    assert not hot._paths and not hot._fresh and hot._size == 0


actions = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("move"), st.integers(0, 5), st.just(0)),
        st.tuples(st.sampled_from(["lose", "away"]), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(actions=actions)
def test_nothing_stale_is_ever_fresh(actions: list[tuple[str, int, int]]) -> None:
    """Against a model: each slice has a revision; a rendering is of the revision at its mark, kept some moves later."""
    hot, revisions = Hot(10**6), [0] * 6
    past: list[tuple[int, list[int]]] = [(hot.mark(), [0] * 6)]
    for what, which, back in actions:
        if what == "move":
            revisions[which] += 1
            hot.moved([str(which)])
        elif what in ("lose", "away"):
            revisions = [each + 1 for each in revisions]
            hot.lost() if what == "lose" else hot.away()
        else:
            mark, seen = past[max(0, len(past) - 1 - back)]
            hot.keep(f"/{which}", rendered(str(seen[which]).encode(), which=str(which)), mark)
        past.append((hot.mark(), list(revisions)))
        for place, revision in enumerate(revisions):
            fresh = hot.fresh(f"/{place}")
            assert fresh is None or fresh.body == str(revision).encode()


# Kept


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: Kept[str, str] = Kept(30)
    for name in "abc":
        kept.put(name, name.upper(), 10)
    assert kept.get("a") == "A"
    kept.put("d", "D", 10)
    assert [kept.get(name) for name in "abcd"] == ["A", None, "C", "D"]
    assert kept.size == 30


def test_what_is_too_large_is_not_kept_and_throws_nothing_else_out() -> None:
    kept: Kept[str, str] = Kept(30)
    kept.put("a", "A", 10)
    kept.put("b", "B", 31)
    assert (kept.get("a"), kept.get("b"), kept.size) == ("A", None, 10)


def test_a_value_put_again_replaces_the_old_one() -> None:
    kept: Kept[str, str] = Kept(30)
    kept.put("a", "A", 20)
    kept.put("a", "B", 15)
    assert (kept.get("a"), kept.size) == ("B", 15)


# The fast path


class Front:
    """A fast path before a Flask that notes what reaches it."""

    def __init__(self) -> None:
        self.hot = Hot(10**6)
        self.hot.keep("/feed.rss", rendered(), self.hot.mark())
        self.looks = 0
        self.record_answers = True
        self.fast = FastPath(self._flask, self.hot, self._look, self.hot.last, lambda environ: None)

    def _flask(self, environ: object, start_response: StartResponse) -> list[bytes]:
        start_response("299 Flask", [])
        return [b""]

    def _look(self) -> bool:
        self.looks += 1
        if not self.record_answers:
            self.hot.away()
        return self.record_answers

    def ask(self, method: str = "GET", query: str = "", **headers: str) -> tuple[str, dict[str, str]]:
        """Status and headers."""
        seen: list[tuple[str, dict[str, str]]] = []
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/feed.rss", "QUERY_STRING": query, **headers}
        self.fast(environ, lambda status, sent, *_: seen.append((status, dict(sent))))  # type: ignore[arg-type, return-value, func-returns-value]
        return seen[0]


@pytest.mark.parametrize(
    ("method", "query", "fast"), [("GET", "", True), ("HEAD", "", True), ("POST", "", False), ("GET", "page=2", False)]
)
def test_the_fast_path_answers_what_is_hot_and_nothing_else(method: str, query: str, fast: bool) -> None:
    front = Front()
    assert (front.ask(method, query)[0] == "200 OK") is fast
    assert front.looks == 0


def test_who_insists_on_news_makes_the_process_look() -> None:
    front = Front()
    assert front.ask(HTTP_CACHE_CONTROL="no-cache")[0] == "200 OK"
    assert front.looks == 1
    front.record_answers = False
    assert front.ask(HTTP_CACHE_CONTROL="max-age=0, no-cache")[0] == "299 Flask"


def test_what_nobody_proved_for_long_is_proved_before_it_is_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    front = Front()
    monkeypatch.setattr(hot_module, "PROVEN_FOR", 0.0)
    assert front.ask() == ("200 OK", front.ask()[1])
    assert front.looks == 2
    front.record_answers = False
    assert front.ask()[1]["Cache-Status"].startswith("masthead; hit; ttl=-")


def test_what_is_stale_is_given_out_only_while_the_record_is_away() -> None:
    front = Front()
    front.hot.away()
    assert front.ask()[0] == "200 OK"
    assert "Cache-Status" in front.ask("HEAD", HTTP_IF_NONE_MATCH="*")[1]
    assert front.ask("POST")[0] == front.ask(query="page=2")[0] == "299 Flask"
    front.hot.lost()
    front.hot.proven(0.0)
    assert front.ask()[0] == "299 Flask"
