"""What is to be counted is a difference, so nothing is ever counted twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.count.tally import difference

SLICES = st.sets(st.sampled_from(["all", "day:2018-04-20", "tag:harbour", "tag:storm", "section:world", "language:en"]))


def test_a_new_article_enters_all_its_slices() -> None:
    assert difference([], ["all", "tag:harbour"]) == {"all": 1, "tag:harbour": 1}


def test_a_withdrawn_article_leaves_all_its_slices() -> None:
    assert difference(["all", "tag:harbour"], []) == {"all": -1, "tag:harbour": -1}


def test_an_edit_moves_only_what_changed() -> None:
    assert difference(["all", "tag:harbour"], ["all", "tag:storm"]) == {"tag:storm": 1, "tag:harbour": -1}


def test_a_slice_that_is_named_twice_counts_once() -> None:
    assert difference([], ["all", "all"]) == {"all": 1}


@given(before=SLICES, after=SLICES)
def test_applying_the_difference_leads_from_one_state_to_the_other(before: set[str], after: set[str]) -> None:
    applied = Counter(before)
    applied.update(difference(before, after))
    assert {name for name, count in applied.items() if count} == after
    assert set(applied.values()) <= {0, 1}


@given(slices=SLICES)
def test_where_nothing_changed_nothing_is_counted(slices: set[str]) -> None:
    assert not difference(slices, slices)
