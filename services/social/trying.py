"""An account before it posts: who its network says it is, and what its posts would be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.social.choice import Choice, why_not
from services.social.enrolling import Application
from services.social.network import Access, Account, Checked, Network
from services.social.outcomes import Cannot, TokenExpired
from services.social.reading import Reading, with_campaign
from services.social.sending import MONTH
from services.social.text.template import TemplateRefused
from services.social.text.writing import NoRoom, Problem, dry_run
from shared.http import Door

# The newest articles on which an account's texts are tried.
TRIED_ON = 20
# Articles of a month that are looked at, and posts of which the usual cost is taken.
MOST_ARTICLES = 10_000
PRICED = 50
SHOWN = 3

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Counted:
    """A text and how much of what the network takes it is."""

    text: str
    count: int
    limit: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count:,} of {self.limit:,} {self.unit}"


@dataclass(frozen=True)
class Trial:
    """The texts of the newest articles that could be written, and everything that is wrong with any of `tried`."""

    tried: int
    texts: tuple[tuple[Counted, ...], ...]
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """False when the template itself is wrong."""
        return all(problem.article_id for problem in self.problems)


@dataclass(frozen=True)
class Month:
    """Of `articles` of the last month, how many the account would have posted, and for how many US dollars."""

    articles: int
    posts: int
    cost: float


def ask(
    network: Network, wanted: Application, door: Door, keep: Callable[[Access], None] = lambda access: None
) -> tuple[Application, Checked | None]:
    """The application with what its network says of it; None where a network cannot be asked. Raises PostError.

    Logs in, or renews access that has run out; `keep` stores what that brought before it is used.
    """

    def renewed() -> Application:
        access = network.refresh(wanted.account(), door)
        keep(access)
        return wanted.with_access(access, datetime.now(UTC))

    try:
        if network.log_in and set(wanted.secrets) <= set(network.log_in):
            wanted = renewed()
        checked = network.check(wanted.account(), door)
    except Cannot:
        return wanted, None
    except TokenExpired:
        if not network.refreshes(wanted.account()):
            raise
        wanted = renewed()
        checked = network.check(wanted.account(), door)
    return replace(wanted, settings={**wanted.settings, **checked.settings}), checked


def try_out(network: Network, account: Account, choice: Choice, readings: Sequence[Reading]) -> Trial:
    """What the account would post about these articles, and what would go wrong."""
    articles = [with_campaign(each.article, account.name) if choice.campaign else each.article for each in readings]
    problems = dry_run(network.style(account), articles)
    wrong = {problem.article_id for problem in problems}
    fine = [] if "" in wrong else [each for each in articles if each.id not in wrong]
    drafts = [network.compose(each, account, key="", at=each.published_at) for each in fine[:SHOWN]]
    texts = tuple(counted(network, account, draft.texts, draft.warning) for draft in drafts)
    return Trial(len(articles), texts, tuple(problems))


def counted(network: Network, account: Account, texts: Sequence[str], warning: str) -> tuple[Counted, ...]:
    """Texts as the network counts them, beside their content warning."""
    rule = network.rule(account).beside(warning)
    return tuple(Counted(text, rule.count(text), rule.limit, rule.bounds[0].unit.value) for text in texts)


def month(network: Network, account: Account, choice: Choice, readings: Sequence[Reading]) -> Month:
    """What a month such as that of these articles would be, as far as gaps and bursts do not make it less."""
    chosen = [each for each in readings if not why_not(choice, each.facts, _LONG_AGO, each.facts.published_at)]
    posts = min(len(chosen), MONTH.days * len(choice.slots)) if choice.slots else len(chosen)
    costs = []
    for each in chosen[:PRICED] if any(network.can.cost) else ():
        try:
            costs.append(network.cost(network.compose(each.article, account, key="", at=each.facts.published_at)))
        except (TemplateRefused, NoRoom, ValueError):
            continue
    return Month(len(readings), posts, posts * sum(costs) / len(costs) if costs else 0.0)
