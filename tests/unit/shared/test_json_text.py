"""JSON that could be read in two ways is refused, and none is too deep, too long or too broken for a clear answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid, Refused
from shared.json_text import decode, pointer

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refused(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        decode(body)
    return caught.value


@given(JSON_VALUES, st.booleans())
def test_what_is_json_is_read_as_it_was_written(value: Any, escaped: bool) -> None:
    assert decode(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused_as_no_json(body: bytes) -> None:
    try:
        json.loads(body.decode("utf-8-sig"))
    except ValueError:
        assert refused(body).title == "Not JSON"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (b"{\n  'a': 1}", "line 2, column 3"),
        (b'{"a": "b', "line 1, column 7: Unterminated string"),
        (b'{"a": "\x00"}', "line 1, column 8: Invalid control character"),
        (b'{"a": "\xff"}', "is not UTF-8: found byte 0xff at position 7"),
        (b'{"a": "\xed\xa0\x80"}', "is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8"),
        (b'{"a": 1} {"a": 2}', "Extra data"),
        (b'{"a": NaN}', "holds NaN, which JSON does not have"),
        (b'{"a": -Infinity}', "holds -Infinity, which JSON does not have"),
        (b"[" * 2_000 + b"]" * 2_000, "is nested too deep"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "is nested too deep"),
        (b"[" * 100_000, "is nested too deep"),
    ],
)
def test_it_says_where_and_why_a_body_is_no_json(body: bytes, says: str) -> None:
    error = refused(body)
    assert (error.status, error.title) == (400, "Not JSON")
    assert says in error.detail
    assert says in error.faults[0].detail


def test_a_byte_order_mark_is_borne() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"a": 1, "b": 2, "a": 1}', ["/a"]),
        (b'{"a": 1, "\\u0061": 2}', ["/a"]),
        (b'{"s": {"n": 1, "n": 2}, "t": [{"m": 1, "m": 2}]}', ["/s/n", "/t/0/m"]),
        (b'{"a/b~c": 1, "a/b~c": 2}', ["/a~1b~0c"]),
    ],
)
def test_a_name_that_is_there_twice_is_refused_with_its_place(body: bytes, places: list[str]) -> None:
    error = refused(body)
    assert isinstance(error, Invalid)
    assert sorted(fault.pointer for fault in error.faults) == places


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a": "\\ud800"}', "/a"),
        (b'{"a": ["x", "\\udc00\\ud800"]}', "/a/1"),
        (b'{"a": {"\\ud800": 1}}', "/a"),
    ],
)
def test_half_a_surrogate_pair_is_refused_with_its_place(body: bytes, place: str) -> None:
    error = refused(body)
    assert isinstance(error, Invalid)
    assert error.faults[0].pointer == place
    json.dumps([fault.as_json() for fault in error.faults]).encode()


def test_whole_surrogate_pairs_are_letters() -> None:
    assert decode(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


def test_numbers_of_any_length_are_read() -> None:
    assert decode(b'{"a": %s}' % (b"9" * 5_000)) == {"a": float("inf")}
    assert decode(b'{"a": 1e400}') == {"a": float("inf")}
    assert decode(b'{"a": -17}') == {"a": -17}


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    assert pointer("a/b", "m~n", 0) == "/a~1b/m~0n/0"
