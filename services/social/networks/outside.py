"""Outside posters (IFTTT, Zapier, Postiz and their like) post for the newsroom, and fetch from a feed what to post.

Setting: `for`, the network they post to, by whose rule and default template texts are written; what an account there
may set (`max_characters`) may be set here. `gap`: seconds for which an item stays on top after it was fetched.
What they make of it is out of reach: nothing of theirs can be edited, deleted or looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from services.social.draft import Draft, Posted
from services.social.network import Account, Capabilities, Network
from services.social.outcomes import Cannot
from services.social.text.writing import Style
from shared.copyfit.rules import Rule
from shared.errors import Fault
from shared.http import Door

GAP = 60.0
# Dates of items have whole seconds, and no two items may share one.
SHORTEST_GAP, LONGEST_GAP = 1.0, 86_400.0


class Outside(Network):
    name = "outside"
    can = Capabilities(fetched=True)
    settings = ("for",)
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"gap": object, "max_characters": int}

    def __init__(self, networks: Mapping[str, Network]) -> None:
        super().__init__()
        self._networks = networks

    def faults(self, settings: Mapping[str, Any]) -> Iterator[Fault]:
        wanted = settings.get("for")
        if wanted and wanted not in self._networks:
            yield Fault("/settings/for", "There is no such network.", str(wanted)[:100], ", ".join(self._networks))
        try:
            fits = SHORTEST_GAP <= gap_of(settings) <= LONGEST_GAP
        except (TypeError, ValueError):
            fits = False
        if not fits:
            accepted = f"seconds, {SHORTEST_GAP:g} to {LONGEST_GAP:g}"
            yield Fault("/settings/gap", "This is no gap between two items.", str(settings["gap"])[:100], accepted)

    def rule(self, account: Account) -> Rule:
        return self._copied(account).rule(account)

    def style(self, account: Account) -> Style:
        """Of a thread nobody could fetch the parts in their order; a content warning would be lost."""
        return replace(self._copied(account).style(account), posts=1, warning="")

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        raise Cannot("Outside posters fetch what they post: nothing is sent to them.")

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        headline = posted.state.get("headline", posted.id)
        raise Cannot(f"“{headline}” was fetched, and whoever posts for {account.name} has to take it back there.")

    def _copied(self, account: Account) -> Network:
        return self._networks[account.settings["for"]]


def gap_of(settings: Mapping[str, Any]) -> float:
    """Raises TypeError or ValueError for what is no number."""
    return float(settings.get("gap", GAP))
