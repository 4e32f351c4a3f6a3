"""What an account posts and when: rules over values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.social.choice import Burst, Choice, Facts, earliest, gathers, lies_within, read_choice, why_not
from shared.errors import Refused
from shared.slices import Slice

ISTANBUL = ZoneInfo("Europe/Istanbul")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FOREVER = NOW - timedelta(days=365)


def facts(**fields: object) -> Facts:
    slices = frozenset({Slice("section", "economy"), Slice("tag", "harbour"), Slice("language", "ar")})
    known = {"slices": slices, "urgency": 5, "published_at": NOW, "accepted_at": NOW}
    return Facts(**(known | fields))  # type: ignore[arg-type]


def at(zone: ZoneInfo, *when: int) -> float:
    return datetime(*when, tzinfo=zone).timestamp()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({}, ""),
        ({"sections": ("sport", "economy")}, ""),
        ({"sections": ("sport",)}, "its section is none of sport"),
        ({"tags": ("harbour",), "languages": ("ar",)}, ""),
        ({"languages": ("en", "tr")}, "its language is none of en, tr"),
        ({"without_tags": ("harbour",)}, "it has the tag harbour"),
        ({"urgency": 5}, ""),
        ({"urgency": 2}, "its urgency is 5, and only 2 or more urgent is posted"),
    ],
)
def test_an_account_says_why_it_does_not_post(choice: dict[str, object], said: str) -> None:
    assert why_not(Choice.model_validate(choice), facts(), FOREVER, NOW) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"first": False}, "edited"),
        ({"published_at": NOW - timedelta(hours=7), "accepted_at": NOW - timedelta(hours=7)}, "older than 6 hours"),
        ({"published_at": NOW - timedelta(hours=1)}, "archive"),
        ({"published_at": NOW - timedelta(minutes=10)}, ""),
    ],
)
def test_what_is_edited_old_or_imported_is_no_news(fields: dict[str, object], said: str) -> None:
    assert said in why_not(Choice(), facts(**fields), FOREVER, NOW)


def test_an_account_begins_with_what_comes_after_it() -> None:
    assert why_not(Choice(), facts(), NOW + timedelta(seconds=1), NOW) == "it is older than the account"


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"quiet": ["22:00"]}, "/quiet/0"),
        ({"quiet": ["25:00-07:00"]}, "/quiet/0"),
        ({"slots": ["7:30"]}, "/slots/0"),
        ({"slots": ["23:00"], "quiet": ["22:00-07:00"]}, "/slots"),
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"zone": "../../etc/passwd"}, "/zone"),
        ({"urgency": 10}, "/urgency"),
        ({"burst": {"posts": 0, "minutes": 5}}, "/burst/posts"),
        ({"fresh_hours": -1}, "/fresh_hours"),
        ({"sektion": ["x"]}, "/sektion"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(values: dict[str, object], pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        read_choice(values)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    assert all(fault.accepted for fault in refused.value.faults)


def test_quiet_hours_end_in_the_morning_of_the_accounts_zone() -> None:
    choice = Choice(quiet=("22:00-07:00",))
    assert earliest(choice, ISTANBUL, at(ISTANBUL, 2026, 1, 5, 21, 59), []) == at(ISTANBUL, 2026, 1, 5, 21, 59)
    assert earliest(choice, ISTANBUL, at(ISTANBUL, 2026, 1, 5, 22, 0), []) == at(ISTANBUL, 2026, 1, 6, 7, 0)
    assert earliest(choice, ISTANBUL, at(ISTANBUL, 2026, 1, 6, 3, 0), []) == at(ISTANBUL, 2026, 1, 6, 7, 0)


def test_hours_are_those_on_the_wall_when_the_clock_is_moved() -> None:
    """Summer time begins in Berlin on 29 March 2026 at two o'clock, and ends on 25 October at three."""
    choice = Choice(quiet=("22:00-02:30",))
    assert earliest(choice, BERLIN, at(BERLIN, 2026, 3, 29, 1, 0), []) <= at(BERLIN, 2026, 3, 29, 3, 30)
    twice = at(BERLIN, 2026, 10, 25, 1, 0) + 2.2 * 3600  # 02:12 for the second time
    assert earliest(choice, BERLIN, twice, []) == at(BERLIN, 2026, 10, 25, 2, 30) + 3600
    choice = Choice(slots=("02:30",))
    spring = earliest(choice, BERLIN, at(BERLIN, 2026, 3, 29, 0, 0), [])
    assert at(BERLIN, 2026, 3, 29, 1, 30) <= spring <= at(BERLIN, 2026, 3, 29, 3, 30)
    autumn = earliest(choice, BERLIN, at(BERLIN, 2026, 10, 25, 0, 0), [])
    assert autumn == at(BERLIN, 2026, 10, 25, 2, 30)
    assert earliest(choice, BERLIN, autumn + 3600, [autumn]) == at(BERLIN, 2026, 10, 26, 2, 30)


def test_a_slot_takes_one_post() -> None:
    choice = Choice(slots=("08:00", "12:00"))
    morning, noon = at(ISTANBUL, 2026, 1, 5, 8, 0), at(ISTANBUL, 2026, 1, 5, 12, 0)
    assert earliest(choice, ISTANBUL, morning - 3600, []) == morning
    assert earliest(choice, ISTANBUL, morning + 0.3, []) == morning + 0.3
    assert earliest(choice, ISTANBUL, morning + 1, [morning + 0.5]) == noon
    assert earliest(choice, ISTANBUL, noon + 7200, [noon]) == at(ISTANBUL, 2026, 1, 6, 8, 0)


def test_a_gap_and_a_burst_are_kept() -> None:
    assert earliest(Choice(gap_minutes=10), ISTANBUL, 1000.0, [900.0]) == 1500.0
    choice = Choice(burst=Burst(posts=2, minutes=15))
    assert earliest(choice, ISTANBUL, 1000.0, [900.0]) == 1000.0
    assert earliest(choice, ISTANBUL, 1000.0, [950.0, 900.0]) == 1800.0


def test_the_last_place_in_a_burst_is_for_all_that_wait() -> None:
    choice = Choice(burst=Burst(posts=3, minutes=15))
    assert not gathers(choice, 1000.0, [], 20)
    assert not gathers(choice, 1000.0, [990.0], 20)
    assert gathers(choice, 1000.0, [995.0, 990.0], 20)
    assert not gathers(choice, 1000.0, [995.0, 990.0], 1)
    assert not gathers(Choice(burst=Burst(posts=3, minutes=15, then="wait")), 1000.0, [995.0, 990.0], 20)


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


@given(
    begin=CLOCKS,
    end=CLOCKS,
    slots=st.lists(CLOCKS, max_size=3),
    ready=st.integers(1_700_000_000, 1_800_000_000),
    ago=st.lists(st.integers(0, 100_000), max_size=3),
    gap=st.sampled_from([0, 7, 90]),
)
def test_whatever_the_rules_the_instant_that_is_found_keeps_them_all(
    begin: str, end: str, slots: list[str], ready: int, ago: list[int], gap: int
) -> None:
    quiet = (f"{begin}-{end}",) if begin != end else ()
    if slots and quiet and all(lies_within(slot, quiet[0]) for slot in slots):
        return
    choice = Choice(quiet=quiet, slots=tuple(slots), gap_minutes=gap)
    sent = sorted((ready - each for each in ago), reverse=True)
    found = earliest(choice, BERLIN, ready, sent)
    local = datetime.fromtimestamp(found, BERLIN)
    assert found >= ready
    assert not quiet or not lies_within(f"{local:%H:%M}", quiet[0])
    assert not sent or found >= sent[0] + gap * 60
    if slots:
        assert any(abs(found - _on(local, slot)) <= 3660 for slot in slots)


def _on(local: datetime, slot: str) -> float:
    hour, minute = map(int, slot.split(":"))
    same = local.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()
    return min((same + days * 86_400 for days in (-1, 0, 1)), key=lambda each: abs(each - local.timestamp()))
