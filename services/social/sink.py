"""Where notices to staff go: by mail, chat or any HTTP service that Apprise knows.

The addresses are Apprise's (https://appriseit.com/services/) and written by the operator alone; the rules for addresses
that others give do not apply to them. No notice holds an attachment, no address can name a file, and what is refused
speaks neither HTTP nor mail: desktops, system logs and chat protocols of their own (`REFUSED`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, AttachmentManager, NotifyBase, NotifyFormat, NotifyType

from services.social.calling import words_of
from services.social.notices import Notice
from shared.errors import ConfigurationError, MastheadError
from shared.http import hide

# Seconds that a notice may take, however many addresses it goes to, and a socket's part of them.
LIMIT = 10.0
_SOCKET = 4.0
ACCEPTED = "an address of a service that Apprise reaches over HTTP, or of mail, such as mailto://user:password@host"
REFUSED = frozenset(
    "amqp amqps aprs blink1 dbus gio glib gnome growl irc ircs kde macosx mqtt mqtts nostr qt rsyslog smpp smpps "
    "syslog windows xmpp xmpps".split()
)


class NotTaken(MastheadError):
    """Somebody was not told, or perhaps not; says who, without secrets. A repeat tells everyone again."""


class Sink:
    """Where notices go. `urls` are Apprise URLs; raises ConfigurationError that names all which cannot be used.

    May be used by any number of threads.
    """

    def __init__(self, urls: Sequence[str], *, limit: float = LIMIT) -> None:
        AttachmentManager().remove("file")  # else ?template= and the like could read files of this machine
        self._limit = limit
        self._addresses: list[_Address] = []
        faults = []
        for number, url in enumerate(urls, start=1):
            try:
                self._addresses.append(_Address(f"address {number}", url))
            except ValueError as fault:
                faults.append(f"address {number} {fault}")
        if faults:
            raise ConfigurationError(f"Notices cannot be sent: {'; '.join(faults)}. Accepted: {ACCEPTED}.")

    def send(self, notice: Notice) -> None:
        """Tells all addresses once and at the same time. Raises NotTaken, when the limit has passed at the latest."""
        ends = time.monotonic() + self._limit
        calls = [(address, address.begin(notice, self._limit)) for address in self._addresses]
        faults = []
        for address, call in calls:
            try:
                why = call.result(timeout=max(0.0, ends - time.monotonic()))
            except TimeoutError:
                why = f"no answer within {self._limit:g} seconds"
            if why:
                faults.append(f"{address.shown}: {why}")
        if faults:
            raise NotTaken(f"The notice “{notice.headline}” was not taken by {'; '.join(faults)}")


class _Address:
    """Raises ValueError for an URL that cannot be used, and shows no more of it than its scheme."""

    def __init__(self, name: str, url: str) -> None:
        service = _service(url)
        service.retry = 0  # repeats are the outbox's
        service.socket_connect_timeout = min(service.socket_connect_timeout, _SOCKET)
        service.socket_read_timeout = min(service.socket_read_timeout, _SOCKET)
        # Apprise masks what it knows to be secret; the path of a server of one's own may be, too.
        public = "/".join(service.url(privacy=True).split("/")[:3])
        self.shown = f"{name} ({public}/…)"
        self._hidden = _words(url) - _words(public)
        self._apprise = Apprise(service, asset=service.asset)
        self._free = threading.Lock()

    def begin(self, notice: Notice, limit: float) -> Future[str]:
        """The reason why it was not taken, or nothing."""
        told: Future[str] = Future()
        # A thread of its own that no exit waits for: Apprise cannot be interrupted, only left behind.
        threading.Thread(target=self._tell, args=(notice, limit, told), daemon=True).start()
        return told

    def _tell(self, notice: Notice, limit: float, told: Future[str]) -> None:
        if not self._free.acquire(timeout=limit):  # behind a call that hangs
            return
        try:
            told.set_result(self._why_not(notice))
        finally:
            self._free.release()

    def _why_not(self, notice: Notice) -> str:
        result = self._apprise.notify(
            title=notice.headline,
            body=f"{notice.sentence}\n\nWhat to do: {notice.todo}",
            notify_type=NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
        said = [words_of(hide(entry.message, self._hidden)) for entry in result.logs()]
        return "" if result else said[-1] if said else "it did not say why"


def _service(url: str) -> NotifyBase:
    if not re.match("[a-z0-9]+://", url, re.IGNORECASE):
        raise ValueError("has no scheme such as mailto://")
    scheme = url.partition("://")[0].lower()
    if scheme in REFUSED:
        raise ValueError(f"({scheme}://…) is neither HTTP nor mail")
    asset = AppriseAsset(
        app_id="Masthead",
        app_desc="Masthead",
        app_url="",
        image_url_mask="",  # no pictures of Apprise's from elsewhere
        image_url_logo="",
        http_redirects=False,  # a POST that is redirected becomes a GET, is answered 200 and tells nobody
        async_mode=False,  # the threads are ours
        service_timeout=0,
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        raise ValueError(f"({scheme}://…) is not one that Apprise can use")
    return service


def _words(url: str) -> set[str]:
    """The parts of an address that could show up in what a service says of its failure."""
    parts = re.split(r"[/:@?&=+,#]+", url)
    return {word for part in parts for word in (part, unquote(part)) if len(word) > 3}
