"""`masthead accounts results`: what each account's posts brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time

import click
from sqlalchemy import and_, func, or_, select

from services.social.accounts import REMOVED
from services.social.office.opening import Office, open_office
from services.social.office.options import as_json_option
from services.social.office.telling import bar, number, show_json, show_table
from shared import bus
from shared.audience import DAYS, Audience
from shared.days import latest_days, local_day
from shared.models import SocialAccount, SocialPost


@dataclass(frozen=True)
class Result:
    """`posts` as readers of the network see them: what went out together is one. Reactions are None where the network
    does not tell; clicks are those on links of the account, in these days."""

    account: str
    network: str
    posts: int
    clicks: int
    likes: int | None
    reposts: int | None
    replies: int | None

    @property
    def clicks_per_post(self) -> float:
        return self.clicks / self.posts if self.posts else 0.0


@click.command("results")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, DAYS), help="Days, with today.")
@as_json_option
def results(days: int, as_json: bool) -> None:
    """Show what each account's posts brought: clicks, likes, reposts, replies."""
    with open_office() as office:
        found = brought(office, latest_days(local_day(office.clock.now(), office.zone), days))
    if as_json:
        show_json([asdict(each) | {"clicks_per_post": round(each.clicks_per_post, 2)} for each in found])
        return
    if not found:
        click.echo("There are no accounts yet. Connect one: masthead accounts add NETWORK NAME")
        return
    titles = ("account", "network", "posts", "clicks", "clicks a post", "likes", "reposts", "replies", "")
    most = max(each.clicks for each in found)
    show_table(titles, [_row(each, most) for each in found], numbers=titles[2:8])


def brought(office: Office, days: Sequence[date]) -> list[Result]:
    """Every account that there is, or that posted in these days: who brought most clicks first."""
    since = datetime.combine(min(days), time(), office.zone).timestamp()
    clicks = _clicks(office, days)
    mine = and_(SocialPost.account_id == SocialAccount.id, SocialPost.digest_id.is_(None), SocialPost.sent_at >= since)
    reactions = (func.sum(each) for each in (SocialPost.likes, SocialPost.reposts, SocialPost.replies))
    query = (
        select(SocialAccount.name, SocialAccount.network, func.count(SocialPost.id), *reactions)
        .outerjoin(SocialPost, mine)
        .where(or_(SocialAccount.state != REMOVED, SocialPost.id.is_not(None)))
        .group_by(SocialAccount.name, SocialAccount.network)
    )
    with office.db.read() as session:
        rows = session.execute(query).all()
    found = [Result(name, network, posts, clicks[name], *seen) for name, network, posts, *seen in rows]
    return sorted(found, key=lambda each: (-each.clicks, -each.posts, each.account))


def _clicks(office: Office, days: Sequence[date]) -> Counter[str]:
    """Clicks of these days by account; none while Redis is away."""
    client = bus.connect(office.settings, patience=1.0)
    audience = Audience(client, office.installation, office.zone)
    clicks: Counter[str] = Counter()
    for day in audience.clicks_by_day(days):
        clicks.update(day)
    return clicks


def _row(result: Result, most: int) -> tuple[object, ...]:
    return (
        result.account,
        result.network,
        number(result.posts),
        number(result.clicks),
        f"{result.clicks_per_post:.1f}",
        number(result.likes),
        number(result.reposts),
        number(result.replies),
        bar(result.clicks, most),
    )
