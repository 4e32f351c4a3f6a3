"""Where links stand in text: the grammar of twitter-text, which X and Mastodon share.

A link ends at the first letter the grammar does not know. Its path and query know ASCII, Latin with accents and (in
the path) Cyrillic; its host needs a top-level domain of tlds.txt, the list of the same library. Every step is bounded,
so that hostile text costs no more than other text of its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

import regex

LONGEST = 4096  # a longer address is no link
_SLUG = 40  # of X's own short addresses, which have no further path

_MARKERS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SPACES = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_IN_HOST = rf"[^!'#%&()*+,\-./:;<=>?@\[\\\]\^_{{|}}~${_SPACES}\ufeff\ufffe\uffff{_MARKERS}]"
_LATIN = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289"
    r"\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_IN_PATH = rf"[a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&\u0400-\u04ff{_LATIN}]"
_PATH_END = rf"[+\-a-z0-9=_#/)\u0400-\u04ff{_LATIN}]"
_IN_BRACKETS = rf"\((?:{_IN_PATH}++\)|{_IN_PATH}*+\({_IN_PATH}++\){_IN_PATH}*+\))"
_QUERY = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"


def _one_of(words: list[str]) -> str:
    """An alternative of sorted words that is decided letter by letter, the longest first."""
    branches = []
    for first, group in groupby(words, key=lambda word: word[:1]):
        rest = [word[1:] for word in group]
        branches.append(first + _one_of(rest) if first else "")
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(reversed(branches))})"


_WORD = regex.compile(r"\S+")
_SHORT = regex.compile(r"https?://t\.co/(?P<slug>[a-z0-9]+)(?:" + _QUERY + ")?", regex.IGNORECASE)


@dataclass(frozen=True)
class _Grammar:
    link: regex.Pattern[str]
    ascii_host: regex.Pattern[str]


@cache
def _grammar() -> _Grammar:
    """Made when it is first needed: the list of top-level domains takes a seventh of a second and 6 MB."""
    tlds = sorted(files(__package__).joinpath("tlds.txt").read_text("utf-8").split())
    tld = rf"(?:{_one_of(tlds)}(?=[^0-9a-z@+-]|\Z)|xn--[-0-9a-z]+)"
    label = rf"{_IN_HOST}{{1,63}}+(?:-++{_IN_HOST}{{1,63}}+){{0,31}}+\."
    sublabel = label.replace("-++", "[_-]++")
    link = regex.compile(
        rf"(?:[^a-z0-9@＠$#＃\ufeff\ufffe\uffff]|\A)(?P<link>(?P<scheme>https?://)?"
        rf"(?P<host>(?:{sublabel}){{0,12}}{label}{tld})(?P<port>:[0-9]+)?"
        rf"(?P<path>/(?:(?:{_IN_PATH}|{_IN_BRACKETS})*(?<={_PATH_END}))?)?(?:{_QUERY})?)",
        regex.IGNORECASE,
    )
    return _Grammar(link, regex.compile(rf"(?:[-a-z0-9{_LATIN}]++\.){{1,12}}{tld}", regex.IGNORECASE))


def find_links(text: str, bare: bool) -> list[tuple[int, int]]:
    """Start and end of every link, in order; `bare`: also of addresses without a scheme, as X has it."""
    found: list[tuple[int, int]] = []
    for match in _candidates(text):
        if len(match["link"]) > LONGEST:
            continue
        if match["scheme"]:
            found.extend(_with_scheme(match))
        elif bare and match[0][:1] not in ("-", "_", ".", "/"):
            found.extend(_without_scheme(match))
    return found


def _candidates(text: str) -> Iterator[regex.Match[str]]:
    """What the grammar takes for a link, looked for only where it can be: in words with a full stop."""
    for word in _WORD.finditer(text):
        if "." in word[0]:
            yield from _grammar().link.finditer(text, max(word.start() - 1, 0), word.end())


def _with_scheme(match: regex.Match[str]) -> list[tuple[int, int]]:
    start, end = match.span("link")
    short = _SHORT.match(match["link"])
    if short is None:
        return [(start, end)]
    return [(start, start + short.end())] if len(short["slug"]) <= _SLUG else []


def _without_scheme(match: regex.Match[str]) -> list[tuple[int, int]]:
    """Only hosts in ASCII and Latin letters are taken for links; the last of them has the length of the path too, also
    where other letters stand between the two: that is how X counts."""
    hosts = [
        host.span() for host in _grammar().ascii_host.finditer(match.string, match.start("host"), match.end("host"))
    ]
    if hosts and match["path"]:
        hosts[-1] = (hosts[-1][0], hosts[-1][1] + match.end("link") - match.end("host"))
    return hosts
