"""Bylines, section, tags, and where the article comes from."""

from __future__ import annotations

import pytest

from tests.unit.enrich.articles import enriched, notices


@pytest.mark.parametrize("given", ["economy", "Economy", "EKONOMİ", "ekonomi", "اقتصاد", " Economy "])
def test_a_configured_section_is_known_by_its_slug_and_by_each_of_its_names(given: str) -> None:
    assert enriched(section=given).section == {"slug": "economy", "label": "Economy"}


def test_a_section_with_one_name_for_all_languages_is_known_by_it() -> None:
    assert enriched(section="sports").section == {"slug": "sport", "label": "Sports"}


def test_any_other_section_is_taken_as_it_is() -> None:
    assert enriched(section="Long Reads").section == {"slug": "long-reads", "label": "Long Reads"}
    assert enriched().section is None


def test_tags_are_distinct_by_slug_and_keep_their_order() -> None:
    tags = enriched(tags=["Storm", "#Harbour", "storm", "C++", "C#", "C", "HARBOUR", "🎉", "#"]).tags
    assert [each["label"] for each in tags] == ["Storm", "Harbour", "C++", "C#", "C", "🎉", "#"]
    assert [each["slug"] for each in tags[:5]] == ["storm", "harbour", "c-plus-plus", "c-sharp", "c"]


def test_bylines_have_slugs() -> None:
    assert enriched(bylines=["Ayşe Yılmaz", "محمد رضا"]).bylines == [
        {"slug": "ayşe-yılmaz", "label": "Ayşe Yılmaz"},
        {"slug": "محمد-رضا", "label": "محمد رضا"},
    ]


def test_references_are_kept_as_they_were_given() -> None:
    result = enriched(
        canonical_url="https://wire.example/a?b=c#d",
        source={"name": "Wire", "url": "https://wire.example"},
        image={"url": "https://wire.example/p.jpg", "alt": "A quay", "credit": "Ann"},
        dateline="ISTANBUL",
    )
    assert result.canonical_url == "https://wire.example/a?b=c#d"
    assert result.source == {"name": "Wire", "url": "https://wire.example"}
    assert result.image == {"url": "https://wire.example/p.jpg", "alt": "A quay", "credit": "Ann"}
    assert result.dateline == "ISTANBUL"
    assert enriched(source="Wire").source == {"name": "Wire", "url": ""}


def test_an_address_no_browser_could_open_is_left_out_with_a_note() -> None:
    result = enriched(canonical_url="https://[broken/", image={"url": "http://x:99999/a.jpg"})
    assert (result.canonical_url, result.image) == (None, None)
    assert notices(result, "canonical_url") == notices(result, "image") == ["is no usable web address and was left out"]


def test_addresses_in_other_scripts_become_ascii() -> None:
    assert enriched(canonical_url="https://münchen.example/ü").canonical_url == "https://xn--mnchen-3ya.example/%C3%BC"
