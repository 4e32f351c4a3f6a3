"""What is breaking news, and what counts as normal."""

from __future__ import annotations

import pytest

from shared.urgency import is_breaking, urgency_of


@pytest.mark.parametrize(
    ("given", "breaking"),
    [(1, True), (2, True), (3, False), (4, False), (5, False), (8, False), (9, False), (None, False)],
)
def test_breaking_is_an_urgency_of_one_or_two(given: int | None, breaking: bool) -> None:
    assert is_breaking(given) is breaking


def test_an_article_without_an_urgency_counts_as_normal() -> None:
    assert (urgency_of(None), urgency_of(1), urgency_of(9)) == (5, 1, 9)
