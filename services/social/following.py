"""What follows after a post was sent: edits, deletions, reactions, and how its account is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from services.social import followed, wellbeing
from services.social.access import Access
from services.social.digest import compose_together
from services.social.draft import Draft, Posted
from services.social.network import Account, Measured
from services.social.outcomes import AccountBroken, Cannot, Gone, PostError, RefusedByNetwork
from services.social.post import DELETE, want
from services.social.text.template import TemplateRefused
from services.social.text.writing import NoRoom
from services.social.work import Conclusion, Work
from shared.http import Door

# Of a post that only a person has seen.
UNKNOWN_ID = "it is not known under which id the network has it"


class Following:
    def __init__(self, access: Access) -> None:
        self._access = access

    def edit(self, work: Work) -> Conclusion:
        """Brings the post up to the articles' present versions."""
        if not work.visible:
            return lambda desk: want(desk.post, DELETE, desk.now)
        versions = {reading.seq: reading.version for reading in work.visible}
        old = work.draft
        try:
            new = _rewritten(work, old, versions)
            if (new.texts, new.title) == (old.texts, old.title):
                return partial(followed.edited, draft=None, parts=(), versions=versions, remark="")
            parts = self._edited_parts(work, old, new)
        except Gone as error:
            why = f"it is gone from the network: {error}"
            if len(work.done) > 1:  # of a thread: its other parts may be there still, to be taken back some day
                return partial(followed.edited, draft=None, parts=(), versions=versions, remark=f"A part of it: {why}")
            return partial(followed.deleted, why=why)
        except (Cannot, TemplateRefused, NoRoom, ValueError, RefusedByNetwork) as error:
            return partial(followed.edited, draft=None, parts=(), versions=versions, remark=str(error))
        except PostError as error:
            return partial(followed.not_changed, error=error)
        return partial(followed.edited, draft=new, parts=parts, versions=versions, remark="")

    def delete(self, work: Work) -> Conclusion:
        """Takes the post back, the last part first."""
        known = [part for part in work.done if part.id]
        try:
            for part in reversed(known):
                self._delete_part(work, part)
        except (Cannot, RefusedByNetwork) as error:
            return partial(followed.kept, why=f"it cannot be taken back: {error}")
        except PostError as error:
            return partial(followed.not_changed, error=error)
        if not known or len(known) < len(work.done):
            return partial(followed.kept, why=UNKNOWN_ID)
        return partial(followed.deleted, why="the article was withdrawn")

    def measure(self, work: Work) -> Conclusion:
        """Asks for the reactions to the post."""

        def measure(account: Account, door: Door) -> Measured:
            return work.network.measure(work.done[0], account, door)

        try:
            found = self._access.call(work, measure)
        except (Cannot, RefusedByNetwork):
            return partial(followed.measured, found=None)
        except PostError as error:
            return partial(followed.unmeasured, error=error)
        return partial(followed.measured, found=found)

    def check(self, work: Work) -> Conclusion:
        """Asks the network how the account is, with fresh access where the old one is about to end."""
        try:
            self._access.renew_in_time(work)
            found = self._access.call(work, work.network.check)
        except Cannot:
            return partial(wellbeing.checked, found=None)
        except AccountBroken as error:
            return partial(wellbeing.broken, error=error)
        except PostError as error:
            return partial(wellbeing.check_again, error=error)
        return partial(wellbeing.checked, found=found)

    def _edited_parts(self, work: Work, old: Draft, new: Draft) -> list[Posted]:
        """Every part with its new text; parts that the text no longer needs are deleted, the last first."""
        parts = list(work.done)
        while len(parts) > len(new.texts):
            self._delete_part(work, parts.pop())
        for place, part in enumerate(parts):
            if old.texts[place] != new.texts[place]:
                parts[place] = self._edit_part(work, part, new)
        return parts

    def _edit_part(self, work: Work, part: Posted, new: Draft) -> Posted:
        return self._access.call(work, lambda account, door: work.network.edit(part, new, account, door))

    def _delete_part(self, work: Work, part: Posted) -> None:
        self._access.call(work, lambda account, door: work.network.delete(part, account, door))


def _rewritten(work: Work, old: Draft, versions: dict[int, int]) -> Draft:
    """The draft as it would be now, with the pictures it has. Raises Cannot where the post cannot become that."""
    if not work.done or not all(part.id for part in work.done):
        raise Cannot(f"{UNKNOWN_ID}: it shows an earlier version.")
    if old.media and not work.may_show(work.post):
        raise Cannot("The post's picture is that of an article that was withdrawn.")
    key = f"{old.key.rpartition('-v')[0]}-v{'.'.join(map(str, versions.values()))}"
    articles, account = work.articles(), work.account
    if len(work.posts) > 1:  # what went out with others has one part, also when only one of them is left
        account = replace(account, settings={**account.settings, "posts": 1})
    new, count = compose_together(work.network, articles, account, key=key, at=work.at)
    if count < len(articles) or len(new.texts) > len(work.done):
        raise Cannot("The text has become too long for the post: it was left as it is.")
    return replace(new, media=old.media, image=old.image, reply_to=old.reply_to)
