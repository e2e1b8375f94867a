"""Ids sort by time, remote ones by the time of publication and never into the future."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from storage.ids import id_for_remote, new_id

MONDAY = datetime(2026, 3, 2, 9, 0, 0, 123_000, tzinfo=UTC)
moments = some.datetimes(timezones=some.just(UTC))


def id_time(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value >> 16)


def test_an_id_carries_its_time() -> None:
    assert id_time(new_id(MONDAY)) == MONDAY


def test_ids_sort_by_time_and_differ_within_one() -> None:
    assert new_id(MONDAY) < new_id(MONDAY + timedelta(milliseconds=1))
    assert len({new_id(MONDAY) for _ in range(50)}) > 40


def test_a_remote_time_with_a_fraction_is_kept() -> None:
    published = MONDAY - timedelta(hours=1)
    assert id_time(id_for_remote(published, "https://porto.example/1", MONDAY)) == published


def test_whole_seconds_are_spread_by_the_uri() -> None:
    second = MONDAY.replace(microsecond=0) - timedelta(hours=1)
    times = [
        id_time(id_for_remote(second, f"https://porto.example/{number}", MONDAY))
        for number in range(100)
    ]
    again = id_time(id_for_remote(second, "https://porto.example/0", MONDAY + timedelta(days=1)))
    assert again == times[0]
    assert all(second <= time < second + timedelta(seconds=1) for time in times)
    assert len(set(times)) > 80


@given(published=moments, uri=some.text(max_size=40))
def test_no_time_leads_into_the_future_or_out_of_bounds(published: datetime, uri: str) -> None:
    made = id_for_remote(published, uri, MONDAY)
    assert 0 < made < 2**63
    assert id_time(made) <= MONDAY
