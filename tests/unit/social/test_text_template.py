"""Templates: what they may write, and that nothing in them can loop, reach or grow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.social.text.template import DEFAULTS, NAMES, Kind, Part, TemplateRefused, read_template
from tests.scripts import TEXTS
from tests.unit.social.golden import article

STORY = article()


def written(source: str, **changes: Any) -> str:
    return "".join(part.text for part in read_template(source).parts(article(**changes), ("City", "Bridges"), "📰"))


def problems(source: str) -> tuple[str, ...]:
    with pytest.raises(TemplateRefused) as refused:
        read_template(source)
    return refused.value.problems


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ headline }}", "Council votes for the new bridge"),
        ("{{ emoji }} {{ section|upper }}: {{ dateline }}", "📰 CITY: LONDON"),
        ("{{ url }}\n{{ hashtags }}", "https://news.example.com/2026/11/23/council-votes-4f2a\n#City #Bridges"),
        ("{{ date }}", "November 23, 2026"),
        ("{% if byline %}By {{ byline }}{% endif %}", "By Ann Lee"),
        ("{% if dateline == 'PARIS' %}a{% elif section in 'City' %}b{{ emoji }}{% else %}c{% endif %}", "b📰"),
        ("{{ headline if not summary else section }}", "City"),
        ("{{ dateline ~ ' / ' ~ section }}", "LONDON / City"),
        ("{# never sent #}{{ section or 'News' }}", "City"),
    ],
)
def test_a_template_writes_the_values_of_an_article(source: str, text: str) -> None:
    assert written(source) == text


def test_names_are_joined_and_dates_are_written_in_the_articles_language() -> None:
    several = {"bylines": ("سارا", "Ann Lee"), "language": "fa-IR"}
    assert written("{{ byline }} | {{ bylines }} | {{ date }}", **several) == "سارا | سارا و Ann Lee | 23 نوامبر 2026"
    assert written("{{ date }}", language="de") == "23. November 2026"
    assert written("{{ date }}", language="x-klingon") == "November 23, 2026"
    assert written("{{ bylines }}|{{ byline }}", bylines=()) == "|"


def test_what_may_be_cut_and_what_not_stays_known() -> None:
    parts = read_template("New: {{ headline }} {{ section|upper }} {{ url }} {{ hashtags }}").parts(STORY, ("City",))
    assert [(part.kind, part.name) for part in parts if part.text.strip()] == [
        (Kind.FIXED, ""),
        (Kind.PROSE, "headline"),
        (Kind.PROSE, ""),
        (Kind.URL, "url"),
        (Kind.HASHTAGS, "hashtags"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in headline %}{{ headline }}{% endfor %}",
        "{% for a in range(10**9) %}x{% endfor %}{{ url }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ headline.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ headline['__class__'] }}",
        "{{ headline|attr('__class__') }}",
        "{{ headline.format(headline) }}",
        "{{ '%s'|format(headline) }}",
        "{{ headline|map('upper')|list }}",
        "{{ headline * 1000000 }}",
        "{{ headline ** 9 }}",
        "{{ headline|center(1000000) }}",
        "{{ headline|default(10000000) }}",
        "{{ headline + summary }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ namespace }}",
        "{{ url_for('x') }}",
        "{{ config }}",
        "{% set a = headline %}{{ a }}",
        "{% include '/etc/passwd' %}{{ url }}",
        "{% import 'os' as os %}{{ url }}",
        "{% extends 'base' %}{{ url }}",
        "{% block a %}{{ url }}{% endblock %}",
        "{% filter upper %}{{ url }}{% endfilter %}",
        "{% call headline() %}{% endcall %}{{ url }}",
        "{% with a = headline %}{{ a }}{% endwith %}",
        "{% autoescape true %}{{ url }}{% endautoescape %}",
        "{% do headline %}{{ url }}",
        "{{ headline is defined }}",
        "{{ [headline] }}",
        "{{ {'a': headline} }}",
        "{{ headline[0:10] }}",
        "{{ 7 * 7 }}",
        "{{ true }}",
        "{{ url|upper }}",
        "{{ url ~ '?utm=x' }}",
        "{{ hashtags|upper }}",
        "{{ headline",
        "{% if headline %}",
        "{{ headline }}{% endif %}",
        "only words",
        "",
        "   ",
        "{{ '' }}\u202e{{ url }}",
        "{{ headline }}\ufdd0url\ufdd1x\ufdd2",
        "{{ headline }}\x00",
        "{{ headline }}\ud800",
        "{{ headline }}" + "x" * 2000,
        "{{ headline }}" * 25,
        "{% if url %}" * 60 + "{{ url }}" + "{% endif %}" * 60,
        "{{ " + "(" * 900 + "headline" + ")" * 900 + " }}",
        "{{ " + "not " * 400 + "headline }}",
        "{{ headline" + " ~ headline" * 150 + " }}",
    ],
    ids=lambda source: ascii(source[:40]),
)
def test_templates_that_loop_reach_or_grow_are_refused_in_plain_sentences(source: str) -> None:
    begun = time.process_time()
    found = problems(source)
    assert time.process_time() - begun < 1
    assert found
    assert all(sentence.endswith(".") and "\n" not in sentence and len(sentence) < 300 for sentence in found)


def test_every_problem_is_named_at_once_with_its_line() -> None:
    assert problems("{{ headlin }}\n{{ url|upper }}\n{{ headline|shout }}\n{% for a in '' %}{% endfor %}") == (
        f"Line 1: 'headlin' is unknown; accepted are {', '.join(NAMES)}.",
        "Line 2: 'url' must be written alone, as {{ url }}.",
        "Line 3: The filter 'shout' is unknown; accepted are upper, lower, trim.",
        "Line 4: A loop is not accepted in a template.",
    )
    assert problems("{{ headline }}\n{{ url }") == ("Line 2: unexpected '}'.",)


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        ("  two\n\tlines\r\nand\x00 \u2028more ", "two lines and more"),
        ("\u200f\u200e\u2067\u2069", ""),
        ("\u202eturned\u202c", "turned"),
        ("a\u2067b", "ab"),
        ("a\u2067b\u2069", "a\u2067b\u2069"),
        ("a\ufdd0url\ufdd1https://evil.example\ufdd2", "aurlhttps://evil.example"),
        ("{{ summary }}{% for a in b %}", "{{ summary }}{% for a in b %}"),
        ("a\ud800b", "ab"),
        ("\ufeffword", "word"),
    ],
)
def test_a_value_is_one_line_without_what_would_harm_the_post(headline: str, text: str) -> None:
    assert read_template("{{ headline }}").parts(article(headline=headline)) == (
        (Part(Kind.PROSE, text, "headline"),) if text else ()
    )


@pytest.mark.parametrize("network", sorted(DEFAULTS))
def test_every_network_has_a_template_that_can_be_read(network: str) -> None:
    assert "Council votes" in written(DEFAULTS[network])


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "#}",
                "if ",
                "endif",
                "for ",
                "in ",
                *NAMES,
                "|",
                "upper",
                ".",
                "__class__",
                "(",
                ")",
                "'",
                "~",
                " ",
                "\n",
                "not ",
                "-",
            ]
        ),
        max_size=25,
    ).map("".join)
    | TEXTS
)
@settings(max_examples=250, deadline=None)  # fmt: skip
def test_whatever_is_given_as_template_is_refused_or_writes(source: str) -> None:
    try:
        template = read_template(source)
    except TemplateRefused as refused:
        assert refused.problems
    else:
        template.parts(STORY)
