"""`masthead posts`: a newsroom sees what became of each post, and why, and decides what nobody else can."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared.visitors import Visitor
from tests.factories import NOW
from tests.networks.mastodon import MastodonServer
from tests.networks.server import Fault
from tests.networks.telegram import TelegramServer
from tests.newsroom import ZONE
from tests.office import as_json, run, told
from tests.paper import Paper
from tests.social import SocialDesk, social_desk


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    server = TelegramServer()
    yield server
    server.close()


@pytest.fixture
def desk(
    paper: Paper, mastodon: MastodonServer, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon, telegram]) as made:
        yield made


@pytest.mark.databases("sqlite")
def test_a_post_is_shown_with_its_text_history_and_reactions(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon, template="{{ headline }} :cat: {{ url }}")
    seq = desk.publish(headline="Harbour [b]reopens[/b]")
    (post,) = desk.until_states("sent")
    desk.let_pass(minutes=6)
    desk.until(lambda: desk.posts()[0].likes)
    shown = told("posts", "show", str(post.id))
    assert "is sent" in shown and "likes 3, reposts 2, replies 1" in shown
    assert "of 500 graphemes" in shown and f"Harbour [b]reopens[/b] :cat: {desk.feed.url}/" in shown
    (entry,) = as_json("posts", "list", "--article", desk.paper.article_id(seq))
    whole = as_json("posts", "show", str(entry["number"]))
    assert [each["state"] for each in whole["history"]] == ["planned", "armed", "sent"]
    assert whole["urls"] == [mastodon.posts[0]["url"]] and whole["texts"][0]["text"] == mastodon.texts()[0]
    address = f"{desk.feed.url}{desk.paper.path(seq)}?via=mastodon"
    assert as_json("posts", "list", "--article", address, "--account", "mastodon", "--state", "sent") == [entry]
    assert as_json("posts", "list", "--state", "failed") == []
    assert "Harbour [b]reopens[/b]" in told("posts", "list")


@pytest.mark.databases("sqlite")
def test_whoever_asks_why_something_was_not_posted_sees_the_reason(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon, "all")
    desk.add(mastodon, "sport", choice={"sections": ["sport"]})
    desk.add(mastodon, "quiet", choice={"quiet": ["00:00-12:00", "12:00-00:00"]})
    seq = desk.publish(section="Economy")
    old = desk.publish(section="Sport", published_at=NOW - timedelta(days=3))
    desk.rest()
    found = {
        each["account"]: (each["state"], each["reason"]) for each in as_json("posts", "why", article_id(desk, seq))
    }
    assert found["all"] == ("sent", None)
    assert found["sport"] == ("not posted", "its section is none of sport")
    assert found["quiet"] == ("planned", None)
    (told_old,) = as_json("posts", "why", article_id(desk, old), "--account", "sport")
    assert told_old["reason"] == "it is older than the account"
    told("accounts", "set", "sport", "sections=")
    (changed,) = as_json("posts", "why", article_id(desk, seq), "--account", "sport")
    assert "have changed since" in changed["reason"]
    desk.paper.newsroom.withdraw(seq)
    desk.rest()
    assert "it was withdrawn" in told("posts", "why", article_id(desk, seq))


def article_id(desk: SocialDesk, seq: int) -> str:
    return desk.paper.article_id(seq)


def test_a_failed_post_is_tried_again_with_all_the_time_of_a_new_one(
    desk: SocialDesk, mastodon: MastodonServer
) -> None:
    desk.add(mastodon)
    mastodon.limit = 10
    desk.publish()
    (post,) = desk.until_states("failed")
    mastodon.limit = 500
    desk.let_pass(minutes=7 * 60)
    assert "goes out at once" in told("posts", "retry", str(post.id))
    desk.until_states("sent")
    assert run("posts", "retry", str(post.id)).exit_code == 1
    assert len(mastodon.posts) == 1


@pytest.mark.databases("sqlite")
def test_what_nobody_knows_is_decided_by_a_person(desk: SocialDesk, telegram: TelegramServer) -> None:
    desk.add(telegram)
    telegram.fault = Fault.DROP_AFTER
    desk.publish(headline="Perhaps sent")
    (post,) = desk.until_states("unconfirmed")
    number = str(post.id)
    assert as_json("accounts", "list")[0]["for_a_person"] == 1
    asked = run("posts", "retry", number)
    assert asked.exit_code == 2 and "--yes" in asked.output
    assert "goes out" in told("posts", "retry", number, "--yes")
    desk.until_states("sent")
    assert len(telegram.posts) == 2, "the person was told that it may stand there twice"


@pytest.mark.databases("sqlite")
def test_a_post_that_a_person_has_seen_is_sent_and_no_more_is_known_of_it(
    desk: SocialDesk, telegram: TelegramServer
) -> None:
    desk.add(telegram)
    telegram.fault = Fault.DROP_AFTER
    seq = desk.publish()
    (post,) = desk.until_states("unconfirmed")
    script = run("posts", "confirm", str(post.id), "--url", "javascript:alert(1)")
    assert script.exit_code == 2 and "--url" in script.output and "javascript:alert(1)" in script.output
    told("posts", "confirm", str(post.id), "--url", "https://t.me/courier/7")
    (sent,) = desk.posts()
    assert (sent.state, sent.url, sent.reason) == ("sent", "https://t.me/courier/7", "a person has seen it")
    assert run("posts", "confirm", str(post.id)).exit_code == 1
    desk.paper.newsroom.edit(seq, headline="Another headline")
    desk.until(lambda: "earlier version" in str(desk.posts()[0].reason))
    desk.paper.newsroom.withdraw(seq)
    desk.until(lambda: len(desk.notices()) == 2)
    (kept,) = desk.posts()
    assert kept.state == "sent" and len(telegram.posts) == 1


@pytest.mark.databases("sqlite")
def test_what_went_out_together_is_decided_together(desk: SocialDesk, telegram: TelegramServer) -> None:
    desk.add(telegram, choice={"burst": {"posts": 1, "minutes": 15}})
    told("accounts", "hold", "telegram")
    for number in range(3):
        desk.publish(headline=f"Story {number}")
    desk.until_states("held", "held", "held")
    telegram.fault = Fault.DROP_AFTER
    told("accounts", "resume", "telegram")
    *_, last = desk.until_states("unconfirmed", "unconfirmed", "unconfirmed")
    telegram.fault = Fault.DROP_AFTER
    shown = as_json("posts", "retry", str(last.id), "--yes")
    assert shown["state"] == "planned" and shown["together_with"] == []
    desk.until_states("unconfirmed", "unconfirmed", "unconfirmed")
    assert len(as_json("posts", "show", str(last.id))["together_with"]) == 2
    told("posts", "confirm", str(last.id))
    desk.until_states("sent", "sent", "sent")
    assert len(telegram.posts) == 2 and "Story 0" in telegram.texts()[0] and "Story 2" in telegram.texts()[0]


@pytest.mark.databases("sqlite")
def test_what_went_out_with_a_post_is_tried_again_with_it_unless_it_was_withdrawn(
    desk: SocialDesk, telegram: TelegramServer
) -> None:
    desk.add(telegram, choice={"burst": {"posts": 1, "minutes": 15}})
    told("accounts", "hold", "telegram")
    seqs = [desk.publish(headline=f"Story {number}") for number in range(3)]
    desk.until_states("held", "held", "held")
    telegram.fault = Fault.DROP_AFTER
    told("accounts", "resume", "telegram")
    first, *_ = desk.until_states("unconfirmed", "unconfirmed", "unconfirmed")
    desk.paper.newsroom.withdraw(seqs[1])
    desk.rest()
    told("posts", "retry", str(first.id), "--yes")
    assert [(post.state, post.digest_id, post.draft) for post in desk.posts()] == [
        ("planned", None, None),
        ("skipped", None, None),
        ("planned", None, None),
    ]
    desk.until_states("sent", "skipped", "sent")
    again = telegram.texts()[1]
    assert ("Story 0" in again, "Story 1" in again, "Story 2" in again) == (True, False, True)


@pytest.mark.databases("sqlite")
def test_a_thread_of_which_a_person_has_seen_the_last_part_is_never_said_to_be_deleted(
    desk: SocialDesk, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(telegram, posts=5, template="\n\n".join(["{{ headline }}"] * 8 + ["{{ url }}"]))
    monkeypatch.setattr(telegram, "chance", lambda: Fault.DROP_AFTER if len(telegram.posts) == 1 else None)
    seq = desk.publish(headline="Long " * 300)
    (post,) = desk.until_states("unconfirmed")
    count = len((post.draft or {})["texts"])
    assert count > 2 and len(telegram.posts) == 2
    told("posts", "confirm", str(post.id), "--url", "https://t.me/newsroom/101")
    shown = as_json("posts", "show", str(post.id))
    assert shown["reason"] == f"a person has seen part 2 of {count}; what follows in the thread was not sent"
    assert shown["urls"] == ["https://t.me/newsroom/100", "https://t.me/newsroom/101"] and len(shown["texts"]) == 2
    assert shown["url"] == "https://t.me/newsroom/100"
    desk.rest()
    desk.paper.newsroom.withdraw(seq)
    desk.until(lambda: len(desk.notices()) == 2)
    (kept,) = desk.posts()
    assert (kept.state, kept.reason) == ("sent", "it is not known under which id the network has it")
    assert len(telegram.posts) == 1, "the part whose id is known was taken back"


def test_a_post_that_waits_can_be_cancelled_and_planned_again(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon, choice={"quiet": ["00:00-12:00", "12:00-00:00"]})
    desk.publish(headline="Flash", urgency=1)
    desk.publish(headline="Quiet")
    desk.until_states("sent", "planned")
    first, second = desk.posts()
    assert "withdraw the article" in run("posts", "cancel", str(first.id)).output
    assert "a person cancelled it" in told("posts", "cancel", str(second.id))
    assert run("posts", "cancel", str(second.id)).exit_code == 1
    told("accounts", "set", "mastodon", "quiet=")
    desk.rest()
    assert len(mastodon.posts) == 1
    told("accounts", "hold", "mastodon")
    assert as_json("posts", "retry", str(second.id))["state"] == "held"
    told("accounts", "resume", "mastodon")
    desk.until_states("sent", "sent")


@pytest.mark.databases("sqlite")
def test_an_old_article_is_shared_again_when_somebody_says_so(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon, choice={"sections": ["sport"]})
    seq = desk.publish(headline="Evergreen", published_at=NOW - timedelta(days=300))
    desk.rest()
    article = article_id(desk, seq)
    first = as_json("posts", "reshare", article, "--account", "mastodon")
    assert (first["kind"], first["next"]) == ("reshare.1", "it goes out at once")
    assert "before it already" in run("posts", "reshare", article, "--account", "mastodon").output
    desk.until_states("sent")
    later = f"{datetime.fromtimestamp(desk.now() + 3600, ZONE):%Y-%m-%dT%H:%M}"
    second = as_json("posts", "reshare", article, "--account", "mastodon", "--at", later)
    assert second["kind"] == "reshare.2" and second["next"].startswith("it goes out at ")
    desk.rest()
    assert len(mastodon.posts) == 1
    desk.let_pass(minutes=61)
    desk.until_states("sent", "sent")
    assert [text.split("\n")[0] for text in mastodon.texts()] == ["Evergreen", "Evergreen"]


@pytest.mark.databases("sqlite")
@pytest.mark.databases("sqlite")
def test_an_unconfirmed_post_that_is_not_there_is_at_its_end_once_its_article_was_withdrawn(
    desk: SocialDesk, telegram: TelegramServer
) -> None:
    desk.add(telegram)
    telegram.fault = Fault.DROP_BEFORE
    seq = desk.publish()
    (post,) = desk.until_states("unconfirmed")
    desk.paper.newsroom.withdraw(seq)
    desk.rest()
    assert "withdrawn" in told("posts", "retry", str(post.id), "--yes")
    desk.until_states("skipped")
    assert telegram.posts == []


def test_what_was_withdrawn_is_neither_shared_again_nor_tried_again(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon)
    told("accounts", "hold", "mastodon")
    seq = desk.publish()
    (post,) = desk.until_states("held")
    told("posts", "cancel", str(post.id))
    desk.paper.newsroom.withdraw(seq)
    desk.rest()
    assert "withdrawn" in run("posts", "retry", str(post.id)).output
    refused = run("posts", "reshare", article_id(desk, seq), "--account", "mastodon")
    assert refused.exit_code == 1 and "withdrawn" in refused.output


@pytest.mark.databases("sqlite")
def test_what_cannot_be_done_says_what_can(desk: SocialDesk, mastodon: MastodonServer) -> None:
    assert "masthead posts why" in told("posts", "list")
    assert "No post is like that" in told("posts", "list", "--state", "failed")
    assert "is not one of 'planned', 'held'" in run("posts", "list", "--state", "lost").output
    assert "masthead posts list" in run("posts", "show", "7").output
    assert run("posts", "why", f"{desk.feed.url}/2018/04/20/no-such").exit_code == 1
    assert run("posts", "why", "no such article?").exit_code == 1
    seq = desk.publish()
    assert "masthead accounts add" in told("posts", "why", article_id(desk, seq))
    desk.add(mastodon)
    for when in ("yesterday", "2001-01-01T12:00"):
        result = run("posts", "reshare", article_id(desk, seq), "--account", "mastodon", "--at", when)
        assert result.exit_code == 2 and when in result.output
    assert run("posts", "reshare", article_id(desk, seq), "--account", "nobody").exit_code == 1


@pytest.mark.databases("sqlite")
def test_results_tell_what_each_account_brought(desk: SocialDesk, mastodon: MastodonServer) -> None:
    desk.add(mastodon, "courier")
    desk.add(mastodon, "sport", choice={"sections": ["sport"]})
    seq = desk.publish()
    desk.publish(section="Sport")
    desk.until_states("sent", "sent", "sent")
    desk.let_pass(minutes=6)
    desk.until(lambda: all(post.likes for post in desk.posts()))
    for number in range(3):
        desk.paper.audience.click("courier", article_id(desk, seq), Visitor(f"192.0.2.{number}", "Firefox"), NOW)
    long_ago = NOW - timedelta(days=20)
    desk.paper.audience.click("sport", article_id(desk, seq), Visitor("192.0.2.9", "Firefox"), long_ago)
    courier, sport = as_json("accounts", "results", "--days", "7")
    assert (courier["account"], courier["posts"], courier["likes"]) == ("courier", 2, 6)
    assert (courier["clicks"], courier["clicks_per_post"]) == (3, 1.5)
    assert (sport["account"], sport["posts"], sport["replies"], sport["clicks"]) == ("sport", 1, 1, 0)
    assert as_json("accounts", "results")[1]["clicks"] == 1
    bars = [line.count("█") for line in told("accounts", "results").splitlines()[1:]]
    assert bars == [30, 10]
