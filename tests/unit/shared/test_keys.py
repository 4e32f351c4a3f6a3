"""API keys."""

from __future__ import annotations

import pytest

from shared.keys import new_key, parse_key


def test_a_key_proves_itself_and_nothing_else() -> None:
    key, other = new_key(), new_key()
    assert parse_key(str(key)) == key
    assert key.proves(key.secret_hash)
    assert not other.proves(key.secret_hash)
    assert not key.proves("")


def test_a_secret_is_never_shown_by_accident() -> None:
    key = new_key()
    assert key.secret not in repr(key)
    assert key.secret not in key.secret_hash


SECRET = "x" * 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mh_",
        "mh_abcdefgh",
        f"mh_abcdefgh_{SECRET[1:]}",
        f"mh_ABCDEFGH_{SECRET}",
        f"xx_abcdefgh_{SECRET}",
        f"mh_abcdefgh_{SECRET}\n",
        f" mh_abcdefgh_{SECRET}",
        f"mh_abcdefgh_{'ü' * 43}",
        "x" * 100_000,
    ],
)
def test_what_has_not_exactly_the_form_of_a_key_is_none(text: str) -> None:
    assert parse_key(text) is None
