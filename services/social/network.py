"""The contract with social networks: what an account is and what a network can do.

A draft is made once, stored, and only then sent: everything that a repeat must have in common with the first attempt
(text, time, idempotency key, record key) stands in it. `publish` makes exactly one post per call; a thread is sent
part by part, so that the caller stores each before it sends the next:

    while len(done) < len(draft.texts):
        draft = network.prepare(draft, account, door, done=done)    # stored, then armed
        done += (network.publish(draft, account, door, done=done),)  # stored

What a call raises says what came of it: `services.social.outcomes`. Nothing is repeated in here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from services.social.article import Article
from services.social.credentials import Secrets
from services.social.draft import Draft, Media, Posted
from services.social.outcomes import Cannot, Duplicate, Unknown
from services.social.sign_in import SignIn
from services.social.text.template import DEFAULTS
from services.social.text.writing import Style, Written, write
from shared.cards import HEIGHT, WIDTH
from shared.copyfit.cutting import shorten
from shared.copyfit.hashtags import Hashtags
from shared.copyfit.rules import Rule
from shared.copyfit.urls import ascii_url
from shared.errors import Fault
from shared.http import Door

# Seconds a call to a network may take. A post takes up to four calls, and all must end within the lease of its turn.
CALL_DEADLINE = 8.0
FOREVER = timedelta(days=36_500)


@dataclass(frozen=True)
class Account:
    """One account on one network. `server` is its base address where the network has many, or to call a stand-in."""

    network: str
    name: str
    server: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)


@dataclass(frozen=True)
class Measured:
    """Reactions to a post; None where the network does not tell."""

    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None


@dataclass(frozen=True)
class Checked:
    """What a network says of an account: who it is, when its access ends, and what to add to the account's settings."""

    identity: str
    url: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """What a refresh or a sign-in brought: `secrets` to store before they are used, `settings` to add to the account's.

    `ends`: when the access token runs out, to be refreshed before. `expires`: when the account needs a person again;
    None when that is not told: after a refresh, what was known before stays true. `name` is what people call the page
    or organisation, where a sign-in brought several to choose from.
    """

    secrets: Secrets
    expires: datetime | None = None
    ends: datetime | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a network can do. `repeats`: for how long after the first attempt a repeat of a draft makes no second post.

    `alt` is the longest description of a picture, 0 when there is none; `media` how many pictures a post may have.
    `warning`: whether a post can be folded behind a content warning. `fetched`: whether posts are not sent, but put on
    a feed and fetched from there (services.social.offering). `card` says where the card of a link comes from:
    "fetched" from the page by the network, "sent" by us, or "none". `cost` in US dollars of a post, and of one with a
    link.
    """

    edit: bool = False
    delete: bool = False
    find: bool = False
    measure: bool = False
    check: bool = False
    refresh: bool = False
    thread: bool = False
    repeats: timedelta = timedelta(0)
    uploads: bool = False
    media: int = 0
    alt: int = 0
    warning: bool = False
    fetched: bool = False
    card: str = "fetched"
    cost: tuple[float, float] = (0.0, 0.0)


class Network(ABC):
    """One network. Holds nothing but constants: one object serves all accounts and threads."""

    name: ClassVar[str]
    server: ClassVar[str] = ""  # its address, unless an account names another
    # What an account may have beside what it must have: settings, each with its type, the texts it takes, or `object`
    # where `faults` judges it; and secrets.
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {}
    more_secrets: ClassVar[tuple[str, ...]] = ()
    can: ClassVar[Capabilities]
    secrets: ClassVar[tuple[str, ...]] = ()  # what an account must have
    settings: ClassVar[tuple[str, ...]] = ()
    log_in: ClassVar[tuple[str, ...]] = ()  # from these `refresh` makes the first token
    refreshed_by: ClassVar[tuple[str, ...]] = ()  # secrets without which there is no refresh
    # When a pasted token is renewed first, where one that has run out cannot be and nobody tells when it will.
    renew_pasted: ClassVar[timedelta | None] = None
    hints: ClassVar[Mapping[str, str]] = {}  # where a person gets a setting or secret, one sentence each

    def __init__(self, *, deadline: float = CALL_DEADLINE) -> None:
        self.deadline = deadline

    def sign_in(self, account: Account) -> SignIn | None:
        """How a person signs in by OAuth; None where secrets are pasted: services/social/authorising.py."""
        return None

    def hint(self, name: str) -> str:
        """What to tell a person who is asked for this setting or secret."""
        return self.hints.get(name, f"docs/networks.md says what {name} is on {self.name}.")

    def faults(self, settings: Mapping[str, Any]) -> Iterable[Fault]:
        """What is wrong with an account's settings, beyond what every network looks at."""
        return ()

    @abstractmethod
    def rule(self, account: Account) -> Rule:
        """How this account's texts are counted, and how long they may be."""

    def style(self, account: Account) -> Style:
        """How this account writes: what its settings say, by the network's rule."""
        wanted = account.settings
        return Style(
            rule=self.rule(account),
            template=wanted.get("template") or DEFAULTS.get(self.name.partition("-")[0], DEFAULTS["mastodon"]),
            hashtags=Hashtags(most=wanted.get("hashtags", Hashtags.most)),
            emoji=wanted.get("emoji", ""),
            posts=wanted.get("posts", 1) if self.can.thread else 1,
            warning=self._warning(account),
        )

    def compose(self, article: Article, account: Account, *, key: str, at: datetime) -> Draft:
        """The post about an article. Pure: equal arguments give equal drafts. Raises TemplateRefused, NoRoom."""
        written = write(article, self.style(account))
        picture = self._picture(article, account)
        attached = account.settings.get("attach") == "picture" and picture is not None and self.can.media > 0
        draft = Draft(
            network=self.name,
            key=key,
            at=at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            texts=tuple(post.text for post in written.posts),
            language=article.language,
            link=ascii_url(article.url),
            title=article.headline,
            description=article.summary,
            image=None if attached else picture or self._drawn(article, account),
            media=(picture,) if attached and picture else (),
            warning=self._warning(account),
        )
        return replace(draft, extra=self.freeze(draft, written, account))

    def _warning(self, account: Account) -> str:
        return account.settings.get("warning", "") if self.can.warning else ""

    def _picture(self, article: Article, account: Account) -> Media | None:
        """The article's own picture."""
        if article.image is None:
            return None
        return Media(article.image.url, self._alt(article.image.alt, article, account))

    def _drawn(self, article: Article, account: Account) -> Media | None:
        """The picture that was drawn of the headline: for the card of a link only."""
        return Media(article.card, self._alt("", article, account), WIDTH, HEIGHT) if article.card else None

    def _alt(self, alt: str, article: Article, account: Account) -> str:
        """No picture goes without a description: who cannot see it is told the headline at least."""
        longest = account.settings.get("max_alt", self.can.alt)
        return shorten(alt or article.headline, article.language, lambda text: len(text) <= longest)[0]

    def freeze(self, draft: Draft, written: Written, account: Account) -> Mapping[str, Any]:
        """What a draft has to keep for this network alone."""
        return {}

    def cost(self, draft: Draft) -> float:
        """US dollars that the network takes for this draft."""
        plain, linked = self.can.cost
        return sum(linked if "://" in text else plain for text in draft.texts)

    def prepare(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Draft:
        """Makes what the next part needs before it can be posted, and is nothing that readers see. Raises PostError.

        Store the draft that comes back before `publish`: with it a post whose answer was lost is recognised.
        """
        return draft

    @abstractmethod
    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        """Makes the first post that is not yet among `done`. Raises PostError."""

    def find(
        self,
        draft: Draft,
        account: Account,
        door: Door,
        since: datetime,
        *,
        done: Sequence[Posted] = (),
        others: Collection[str] = (),
    ) -> Posted | None:
        """The post that `publish` would make, if the account's list has it since then, the time of the attempt.

        `others` are ids of posts that are known to be others, however alike: one that this one answers, say.

        Lists may be late: only a second None, some time after the first, proves that there is no such post.
        """
        raise Cannot(f"{self.name} has no look-up of an account's posts.")

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        """Changes a post to the text of its part of the draft. May be repeated. Raises Gone when there is none."""
        raise Cannot(f"{self.name} has no edit.")

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        """Takes a post back. May be repeated: what is gone already is no error."""
        raise Cannot(f"{self.name} has no deletion.")

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        raise Cannot(f"{self.name} does not tell reactions.")

    def check(self, account: Account, door: Door) -> Checked:
        """Asks who the account is, without posting anything. Raises AccountBroken."""
        raise Cannot(f"{self.name} cannot be asked about an account.")

    def register(self, account: Account, redirect_uri: str, door: Door) -> Account:
        """The account with an app to sign in to, where the network registers apps by itself. Raises PostError."""
        return account

    def settle(self, account: Account, granted: Access, door: Door) -> tuple[Access, ...]:
        """What is stored of a sign-in: one for each page or organisation the person may choose. Raises PostError."""
        return (granted,)

    def refreshes(self, account: Account) -> bool:
        """Whether `refresh` can renew this account's access without a person."""
        return self.can.refresh and all(name in account.secrets for name in self.refreshed_by)

    def refresh(self, account: Account, door: Door) -> Access:
        """Renews what has run out. Under a lock: some networks take the old secrets only once."""
        raise Cannot(f"{self.name} has nothing to refresh.")

    def landed(self, refused: Duplicate, draft: Draft, account: Account, door: Door, done: Sequence[Posted]) -> Posted:
        """The post that a refusal for its likeness proves to be there already.

        Raises the refusal if it is another, Unknown where that cannot be seen.
        """
        try:
            others = [draft.reply_to.id] if draft.reply_to else []
            found = self.find(draft, account, door, datetime.fromisoformat(draft.at), done=done, others=others)
        except Cannot as error:
            raise Unknown(f"{refused} {error}") from error
        if found is None:
            raise refused
        return replace(found, remarks=("An earlier attempt had made the post.",))
