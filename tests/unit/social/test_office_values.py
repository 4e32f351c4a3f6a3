"""Settings as people write them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.social.office.values import merged, read_file, read_given
from shared.errors import Refused


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fresh_hours=12", {"fresh_hours": 12}),
        ("gap_minutes=7.5", {"gap_minutes": 7.5}),
        ("chat=-1001234567890", {"chat": -1001234567890}),
        ("campaign=false", {"campaign": False}),
        ("chat=@courier", {"chat": "@courier"}),
        ("zone = Europe/Istanbul", {"zone": "Europe/Istanbul"}),
        ('sections=["economy", "world"]', {"sections": ["economy", "world"]}),
        ('quiet=["22:00-07:00"]', {"quiet": ["22:00-07:00"]}),
        ("burst.posts=5", {"burst": {"posts": 5}}),
        ('burst={posts = 5, minutes = 15, then = "thread"}', {"burst": {"posts": 5, "minutes": 15, "then": "thread"}}),
        ("template={{ headline }} {{ url }}", {"template": "{{ headline }} {{ url }}"}),
        ("template=[{{ section }}] {{ url }}", {"template": "[{{ section }}] {{ url }}"}),
        ("template.fa={{ url }}=", {"template": {"fa": "{{ url }}="}}),
        ('client_id="0017"', {"client_id": "0017"}),
        ("client_id=0017", {"client_id": "0017"}),
        ("warning=", {"warning": None}),
        ("version=2026-01-01", {"version": "2026-01-01"}),
        ("monthly_cap=inf", {"monthly_cap": "inf"}),
        ('x=[1]\ny="2"', {"x": '[1]\ny="2"'}),
    ],
)
def test_a_value_is_read_as_toml_and_a_bare_word_as_it_stands(written: str, read: dict[str, Any]) -> None:
    assert read_given([written]) == read


def test_parts_of_a_value_given_one_by_one_come_together() -> None:
    assert read_given(["burst.posts=5", "burst.minutes=15", "emoji=x"]) == {
        "burst": {"posts": 5, "minutes": 15},
        "emoji": "x",
    }
    assert read_given(["template=t", "template.fa=f"]) == {"template": {"fa": "f"}}


@pytest.mark.parametrize(
    "written", ["s3cret-token", "=s3cret-token", "a b=s3cret-token", "a..b=s3cret-token", "-x=s3cret"]
)
def test_what_is_no_setting_is_refused_without_being_shown(written: str) -> None:
    with pytest.raises(Refused) as refused:
        read_given(["fresh_hours=12", written])
    assert "number 2" in refused.value.detail and "s3cret" not in refused.value.detail


@pytest.mark.parametrize("value", ["bell \x07", '["\\u0000"]', "half \ud83d"])
def test_letters_that_no_network_takes_are_refused(value: str) -> None:
    with pytest.raises(Refused) as refused:
        read_given([f"warning={value}"])
    assert refused.value.faults[0].pointer == "/settings/warning"


@given(st.text(max_size=80), st.text(max_size=20))
def test_whatever_is_written_is_refused_or_can_be_stored(name: str, value: str) -> None:
    try:
        found = read_given([f"{name}={value}"])
    except Refused:
        return
    json.dumps(found, allow_nan=False).encode()


@given(st.text(alphabet="[]{}\"'=,.0123456789einfat\\u \n", max_size=40))
def test_whatever_looks_like_toml_is_refused_or_can_be_stored(value: str) -> None:
    with contextlib.suppress(Refused):
        json.dumps(read_given([f"x={value}"]), allow_nan=False)


def test_what_is_given_takes_the_place_of_what_there_was() -> None:
    before = {"hashtags": 2, "template": "all", "burst": {"posts": 5, "minutes": 15}, "emoji": "x"}
    given = {"template": {"fa": "Persian"}, "burst": {"posts": 3}, "emoji": None, "attach": "picture", "zone": None}
    assert merged(before, given) == {
        "hashtags": 2,
        "template": {"": "all", "fa": "Persian"},
        "burst": {"posts": 3, "minutes": 15},
        "attach": "picture",
    }
    assert merged(before, {"burst": {"posts": None, "minutes": None}}) == {
        name: value for name, value in before.items() if name != "burst"
    }
    assert before["burst"] == {"posts": 5, "minutes": 15}


def test_a_file_holds_the_same_settings(tmp_path: Path) -> None:
    file = tmp_path / "account.toml"
    file.write_text('fresh_hours = 12\nslots = [07:30:00, "12:00"]\ngap_minutes = inf\n[burst]\nposts = 5\n')
    assert read_file(file) == {
        "fresh_hours": 12,
        "slots": ["07:30", "12:00"],
        "gap_minutes": "inf",
        "burst": {"posts": 5},
    }


@pytest.mark.parametrize("content", [b"fresh_hours = \n", b"\xff", b"x = " + b"[" * 50_000, b"#" * 200_000])
def test_a_file_that_is_no_toml_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "account.toml").write_bytes(content)
    with pytest.raises(Refused, match=r"account\.toml cannot be read as TOML"):
        read_file(tmp_path / "account.toml")
