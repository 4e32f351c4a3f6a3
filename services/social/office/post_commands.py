"""`masthead posts`: what was posted, what was not, and why; and what a person decides about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import click
from sqlalchemy.orm import Session

from services.social import by_hand
from services.social.office.asking import consent
from services.social.office.explaining import explained
from services.social.office.opening import Office, open_office
from services.social.office.options import as_json_option, yes_option
from services.social.office.posts_told import find, in_full, listed, tell_post, tell_posts
from services.social.office.telling import moment, show_json, show_table
from services.social.post import STATES, UNCONFIRMED, WAITING
from services.social.reading import find_article
from services.social.work import articles_of, together
from shared.errors import AddressRefused, NotFound
from shared.http import origin
from shared.standing import load_for_effect
from shared.visibility import is_visible


@click.group("posts")
def posts_group() -> None:
    """Posts on social networks: see what became of each, and why; try again, confirm, cancel, share again."""


@posts_group.command("list")
@click.option("--account", default="", help="Only those of this account.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--article", default="", help="Only those about this article: its id, or its address.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="The newest so many.")
@as_json_option
def list_posts(account: str, state: str | None, article: str, limit: int, as_json: bool) -> None:
    """List posts, the newest first."""
    with open_office() as office:
        found = listed(office, account=account, state=state, article=article, limit=limit)
    if as_json:
        show_json(found)
    elif not found:
        chosen = account or state or article
        click.echo(
            "No post is like that." if chosen else "Nothing was posted yet. masthead posts why ARTICLE says why."
        )
    else:
        tell_posts(found)


@posts_group.command("show")
@click.argument("number", type=int)
@as_json_option
def show(number: int, as_json: bool) -> None:
    """Show one post: its state and why, its history, its text as it was sent, links, reactions, cost."""
    with open_office() as office:
        post = in_full(office, number)
    if as_json:
        show_json(post)
    else:
        tell_post(post, office.publication.zone)


@posts_group.command("why")
@click.argument("article")
@click.option("--account", default="", help="Only what concerns this account.")
@as_json_option
def why(article: str, account: str, as_json: bool) -> None:
    """Say for every account what became of an ARTICLE, by its id or address: its post, or why there is none."""
    with open_office() as office:
        found = explained(office, article, account)
    if as_json:
        show_json(found)
    elif not found:
        click.echo("There are no accounts yet. Connect one: masthead accounts add NETWORK NAME")
    else:
        rows = [(each["account"], each["state"], each["reason"] or each["url"] or "") for each in found]
        show_table(("account", "state", "why"), rows)


@posts_group.command("retry")
@click.argument("number", type=int)
@yes_option
@as_json_option
def retry(number: int, yes: bool, as_json: bool) -> None:
    """Plan a failed, skipped or unconfirmed post anew. An unconfirmed one may come to stand there twice."""
    with open_office() as office:
        with office.db.read() as session:
            post = find(session, number)
            lost = post.state == UNCONFIRMED
            seqs = articles_of(session, post.digest_id or post.id)
            session.expunge_all()
        if lost:
            told = f"Nobody knows whether post {number} was made. If it was, it will stand there twice. Try it again?"
            consent(told, yes)
        with office.alone(post.account_id, seqs) as desk:
            posts = by_hand.to_retry(desk.session, find(desk.session, number))
            by_hand.retry(replace(desk, posts=posts), _visible(desk.session, seqs))
        _tell(office, number, as_json)


@posts_group.command("confirm")
@click.argument("number", type=int)
@click.option("--url", default="", help="Where it is seen.")
@as_json_option
def confirm(number: int, url: str, as_json: bool) -> None:
    """Say that an unconfirmed post was made: a person has seen it."""
    if url and not _is_web_address(url):
        raise click.UsageError(f"--url has to be an http or https address; found {url!r}.")
    with open_office() as office:
        with office.db.read() as session:
            account_id = find(session, number).account_id
        with office.alone(account_id) as desk:
            post = find(desk.session, number)
            by_hand.confirm(replace(desk, posts=together(desk.session, post.digest_id or post.id)), url)
        _tell(office, number, as_json)


@posts_group.command("cancel")
@click.argument("number", type=int)
@as_json_option
def cancel(number: int, as_json: bool) -> None:
    """Do not send a post that waits."""
    with open_office() as office:
        with office.db.read() as session:
            account_id = find(session, number).account_id
        with office.alone(account_id) as desk:
            by_hand.cancel(desk.session, find(desk.session, number), desk.now)
        _tell(office, number, as_json)


@posts_group.command("reshare")
@click.argument("article")
@click.option("--account", required=True, help="The account that posts it.")
@click.option("--at", "when", default="", help="When, such as 2026-05-01T18:30 in the publication's zone; else now.")
@as_json_option
def reshare(article: str, account: str, when: str, as_json: bool) -> None:
    """Post an ARTICLE, by its id or address, once more, however old it is and whatever the account's rules choose."""
    with open_office() as office:
        row = office.account(account)
        with office.db.read() as session:
            seq = find_article(session, article)
        with office.alone(row.id, [seq]) as desk:
            if not _visible(desk.session, [seq]):
                raise NotFound("The article is not on the pages: it was withdrawn, or was not published yet.")
            at = _instant(when, desk.now, office)
            post = by_hand.reshare(desk.session, desk.account, seq, at, desk.now)
            desk.session.flush()
            number = post.id
        _tell(office, number, as_json)


def _visible(session: Session, seqs: Collection[int]) -> set[int]:
    """Those of these articles that may be posted; none of them changes before the commit."""
    return {article.seq for article, enrichment, _ in load_for_effect(session, seqs) if is_visible(article, enrichment)}


def _is_web_address(url: str) -> bool:
    try:
        return bool(origin(url)[0]) and url.startswith(("https://", "http://"))
    except AddressRefused:
        return False


def _instant(when: str, now: float, office: Office) -> float:
    """Seconds since 1970. Raises UsageError for what is no time to come."""
    if not when:
        return now
    try:
        read = datetime.fromisoformat(when)
    except ValueError:
        raise click.UsageError(f"--at has to be a time such as 2026-05-01T18:30; found {when!r}.") from None
    at = (read if read.tzinfo else read.replace(tzinfo=office.zone)).timestamp()
    if at < now:
        raise click.UsageError(f"--at {when} has passed: it is {moment(now, office.zone)} in {office.zone}.")
    return at


def _tell(office: Office, number: int, as_json: bool) -> None:
    """What became of a post by this, and when it goes out."""
    post = in_full(office, number)
    if as_json:
        show_json(post)
    elif post["state"] in WAITING:
        click.echo(f"Post {number} is {post['state']}: {post['next']}.")
    else:
        click.echo(f"Post {number} is {post['state']}: {post['reason']}.")
