"""Templates of posts: Jinja's syntax, but only values, conditions and a few filters. Nothing in them can loop, call,
reach into an object or grow: what is not named here is refused when the template is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import jinja2
import regex
from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.social.article import Article
from shared.text import clean_xml, drop_unpaired_isolates, head, is_visible

LONGEST_TEMPLATE = 2000
MOST_VALUES = 24  # named in one template, however often each
DEEPEST = 20  # conditions and operators within each other
LONGEST_VALUE = 10_000  # graphemes of a headline or summary
LONGEST_NAME = 300  # graphemes of any other value

PROSE = ("headline", "summary", "byline", "bylines", "section", "dateline", "date", "emoji")
NAMES = ("url", "hashtags", *PROSE)
FILTERS = ("upper", "lower", "trim")

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Filter,
    nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand, nodes.Concat,
)  # fmt: skip
_WORDING = {
    nodes.For: "A loop",
    nodes.Getattr: "A part of a value",
    nodes.Getitem: "A part of a value",
    nodes.Call: "A call",
    nodes.Assign: "An assignment",
    nodes.Test: "A test with 'is'",
}
# Characters that Unicode keeps for a program's own use (noncharacters): no value and no template holds them.
_OPENED, _NAMED, _CLOSED = "\ufdd0", "\ufdd1", "\ufdd2"
_PIECE = regex.compile(rf"{_OPENED}(?P<name>\w*){_NAMED}(?P<text>[^{_CLOSED}]*){_CLOSED}|(?P<fixed>[^{_OPENED}]+)")
_BLANK = regex.compile(r"[\s\p{Cc}]+")
# Lone surrogates; marks that turn the direction of what follows them in the post; what X refuses.
_HARMFUL = regex.compile(r"[\p{Cs}\u202a-\u202e\ufdd0-\ufdef\ufeff]")


class Kind(Enum):
    FIXED = "the template's own words"
    PROSE = "prose"
    URL = "address"
    HASHTAGS = "hashtags"


@dataclass(frozen=True)
class Part:
    """A piece of a post. `name` is the value it came from, if one alone; only prose is ever shortened."""

    kind: Kind
    text: str
    name: str = ""


class TemplateRefused(Exception):
    """The template cannot be used. `problems` are sentences that say where and why."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class _Value(str):
    """A value that remembers its name until a filter or an operator makes it a plain string."""

    name: str

    def __new__(cls, name: str, text: str) -> _Value:
        made = super().__new__(cls, text)
        made.name = name
        return made


def _finalize(value: object) -> str:
    """Called by Jinja with all that `{{ }}` writes."""
    if not isinstance(value, str) or not value:
        return ""
    return f"{_OPENED}{value.name if isinstance(value, _Value) else ''}{_NAMED}{value}{_CLOSED}"


_JINJA = ImmutableSandboxedEnvironment(
    finalize=_finalize, trim_blocks=True, lstrip_blocks=True, autoescape=False, cache_size=0
)


@dataclass(frozen=True)
class Template:
    source: str

    def parts(self, article: Article, hashtags: tuple[str, ...] = (), emoji: str = "") -> tuple[Part, ...]:
        """The post's pieces in order. `hashtags` are words without the #; the address stands as the article has it."""
        values = {
            "headline": clean(article.headline, LONGEST_VALUE),
            "summary": clean(article.summary, LONGEST_VALUE),
            **{name: clean(text, LONGEST_NAME) for name, text in _names(article, emoji).items()},
            "url": article.url,
            "hashtags": " ".join(f"#{word}" for word in hashtags),
        }
        written = _compiled(self.source).render({name: _Value(name, text) for name, text in values.items()})
        return tuple(_part(piece) for piece in _PIECE.finditer(written))


@lru_cache(maxsize=256)
def read_template(source: str) -> Template:
    """Raises TemplateRefused."""
    problems = tuple(_problems(source))
    if problems:
        raise TemplateRefused(problems)
    return Template(source)


def clean(text: str, longest: int) -> str:
    """The text's first graphemes on one line, without what a post cannot bear; empty when nobody would see it."""
    text = drop_unpaired_isolates(_HARMFUL.sub("", clean_xml(head(text, longest))))
    return str(_BLANK.sub(" ", text)).strip() if is_visible(text) else ""


@lru_cache(maxsize=256)
def _compiled(source: str) -> jinja2.Template:
    return _JINJA.from_string(source)


def _part(piece: regex.Match[str]) -> Part:
    if piece["fixed"] is not None:
        return Part(Kind.FIXED, piece["fixed"])
    kind = {"url": Kind.URL, "hashtags": Kind.HASHTAGS}.get(piece["name"], Kind.PROSE)
    return Part(kind, piece["text"], piece["name"])


def _names(article: Article, emoji: str) -> dict[str, str]:
    locale = _locale(article.language)
    return {
        "byline": next(iter(article.bylines), ""),
        "bylines": format_list([*article.bylines], locale=locale) if article.bylines else "",
        "section": article.section,
        "dateline": article.dateline,
        "date": format_date(article.published_at.date(), "long", locale),
        "emoji": emoji,
    }


def _locale(language: str) -> Locale:
    """The article's language with what CLDR knows of it; English where it knows nothing."""
    for tag in (language, language.partition("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _problems(source: str) -> Iterator[str]:
    if len(source) > LONGEST_TEMPLATE:
        yield f"The template has {len(source)} characters; at most {LONGEST_TEMPLATE} are accepted."
        return
    if _HARMFUL.search(source) or clean_xml(source) != source:
        yield "The template holds characters that turn the direction of text or cannot be sent; take them out."
        return
    try:
        tree = _JINJA.parse(source)
    except jinja2.TemplateSyntaxError as error:
        yield f"Line {error.lineno}: {(error.message or '').rstrip('.')}."
        return
    except RecursionError:
        yield f"The template is nested more than {DEEPEST} deep."
        return
    if _depth(tree) > DEEPEST:
        yield f"The template is nested more than {DEEPEST} deep."
        return
    faults = [*_forbidden(tree), *_misused(tree)]
    named = sum(1 for _ in tree.find_all(nodes.Name))
    if not named and not faults:
        faults.append((1, f"The template writes no value; one of {', '.join(NAMES)} is needed."))
    elif named > MOST_VALUES:
        faults.append((1, f"The template names {named} values; at most {MOST_VALUES} are accepted."))
    yield from (f"Line {line}: {sentence}" for line, sentence in sorted(set(faults)))


def _depth(tree: nodes.Template) -> int:
    deepest, level = 0, [*tree.iter_child_nodes()]
    while level and deepest <= DEEPEST:
        deepest, level = deepest + 1, [child for node in level for child in node.iter_child_nodes()]
    return deepest


def _forbidden(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    accepted = {*NAMES, *(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")}
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Name) and node.name not in accepted:
            yield node.lineno, f"'{node.name}' is unknown; accepted are {', '.join(NAMES)}."
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield node.lineno, f"The filter '{node.name}' is unknown; accepted are {', '.join(FILTERS)}."
        elif isinstance(node, nodes.Const) and not isinstance(node.value, str):
            yield node.lineno, f"{node.value!r} is no text; only texts in quotes are accepted."
        elif not isinstance(node, _ALLOWED):
            wording = _WORDING.get(type(node), f"'{type(node).__name__.lower()}'")
            yield node.lineno or 1, f"{wording} is not accepted in a template."


def _misused(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Address and hashtags are written as they are or not at all: neither may be changed."""
    for node in tree.find_all((nodes.Filter, nodes.Concat)):
        for name in node.find_all(nodes.Name):
            if name.name in ("url", "hashtags"):
                yield name.lineno, f"'{name.name}' must be written alone, as {{{{ {name.name} }}}}."


_LINK_POST = "{{ headline }}\n\n{{ url }}\n\n{{ hashtags }}"
_TOLD_POST = "{{ headline }}\n\n{{ summary }}\n\n{{ url }}\n\n{{ hashtags }}"
_MESSAGE = "{{ headline }}\n\n{{ summary }}\n\n{{ url }}"
# Where the card carries the link, the text need not, and every letter of an address would count.
_CARD_POST = "{{ headline }}\n\n{{ hashtags }}"
_TOLD_CARD_POST = "{{ headline }}\n\n{{ summary }}\n\n{{ hashtags }}"

DEFAULTS = {
    "mastodon": _TOLD_POST,
    "bluesky": _CARD_POST,
    "telegram": _TOLD_POST,
    "discord": _MESSAGE,
    "slack": _MESSAGE,
    "matrix": _MESSAGE,
    "x": _LINK_POST,
    "facebook": _TOLD_CARD_POST,
    "threads": _CARD_POST,
    "linkedin": _TOLD_CARD_POST,
    "apprise": _MESSAGE,
}
