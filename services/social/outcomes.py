"""What can come of a call to a network, when it is not what was wanted.

PostError
├── NotSent               certainly nothing was posted: may be repeated
│   ├── RateLimited       the whole account has to wait
│   └── PictureMissing    the post's picture cannot be had at the moment
├── Unknown               it may have been posted: look it up, or repeat it only where a repeat is safe
├── RefusedByNetwork      the network will not take this post: give it up
│   ├── Gone              the post is not there (any more)
│   └── Duplicate         the account has a post like this already: perhaps this very one
├── AccountBroken         nothing can be posted by this account until a person has mended it: hold its posts
│   └── TokenExpired      as above, unless `refresh` brings new secrets
└── Cannot                the network has no such thing as this edit, deletion or look-up, or not for this post

An error reports; to repeat, to hold or to give up is the caller's business.
"""

from __future__ import annotations

from shared.errors import MastheadError


class PostError(MastheadError):
    """`str(error)` is one sentence for people, with the network's own words, and shows no secret."""


class NotSent(PostError):
    """`retry_after`: seconds the network asked for, counted from its answer; None when it named none."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(NotSent):
    pass


class PictureMissing(NotSent):
    pass


class Unknown(PostError):
    pass


class RefusedByNetwork(PostError):
    pass


class Gone(RefusedByNetwork):
    pass


class Duplicate(RefusedByNetwork):
    pass


class AccountBroken(PostError):
    pass


class TokenExpired(AccountBroken):
    pass


class Cannot(PostError):
    pass
