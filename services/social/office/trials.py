"""What came of asking and trying an account, as people and programs are told it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import click

from services.social.choice import Choice
from services.social.network import Account, Checked, Network
from services.social.office.opening import Office
from services.social.office.telling import LONGEST_HEADLINE
from services.social.reading import newest
from services.social.sending import MONTH
from services.social.trying import MOST_ARTICLES, TRIED_ON, Month, Trial, month, try_out
from shared.errors import Fault, Refused
from shared.text import cut


@dataclass(frozen=True)
class Tried:
    """An account with what its network says of it, if it was asked, what its posts look like, and how many there would
    be."""

    network: Network
    account: Account
    asked: bool
    checked: Checked | None
    trial: Trial
    month: Month

    def as_json(self) -> dict[str, Any]:
        checked = self.checked
        return {
            "name": self.account.name,
            "network": self.network.name,
            "identity": checked.identity if checked else None,
            "url": checked.url if checked else None,
            "remarks": list(checked.remarks) if checked else [],
            "tried": self.trial.tried,
            "texts": [[asdict(text) for text in texts] for texts in self.trial.texts],
            "problems": [asdict(problem) for problem in self.trial.problems],
            "month": asdict(self.month),
        }

    def tell(self) -> None:
        if self.checked is not None:
            click.echo(f"{self.network.name} knows it: {self.checked.identity} {self.checked.url}".rstrip())
            for remark in self.checked.remarks:
                click.echo(remark)
        elif self.asked and not self.network.can.fetched:
            click.echo(
                f"{self.network.name} cannot be asked about an account: the next post will show whether it works."
            )
        for number, texts in enumerate(self.trial.texts, start=1):
            for text in texts:
                click.echo(f"\n{number}. {text}")
                click.echo("\n".join(f"    {line}".rstrip() for line in text.text.split("\n")))
        click.echo("" if self.trial.texts else "There are no articles yet to try its texts on.")
        for problem in self.trial.problems:
            headline = cut(problem.headline, LONGEST_HEADLINE)
            click.echo(f"Article {problem.article_id} ({headline}) cannot be posted: {problem.sentence}")
        click.echo(_in_words(self.network, self.month))


def tried(
    office: Office, network: Network, account: Account, choice: Choice, checked: Checked | None, *, asked: bool = True
) -> Tried:
    """Raises Refused when the template cannot be used."""
    with office.db.read() as session:
        latest = newest(session, office.publication, TRIED_ON)
        recent = newest(session, office.publication, MOST_ARTICLES, office.clock.now() - MONTH)
    trial = try_out(network, account, choice, latest)
    if not trial.usable:
        faults = [Fault("/settings/template", each.sentence) for each in trial.problems if not each.article_id]
        raise Refused("The template cannot be used.", faults=faults)
    return Tried(network, account, asked, checked, trial, month(network, account, choice, recent))


def _in_words(network: Network, usual: Month) -> str:
    told = f"In the last {MONTH.days} days it would have posted {usual.posts:,} of {usual.articles:,} articles."
    if any(network.can.cost):
        told += f" That costs about ${usual.cost:,.2f} a month."
    return told
