from datetime import UTC, datetime

import pytest

from service.store.moments import NoMoment, read_moment, read_window

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31t12:00:00z",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00",
        "2026-01-31T12",
        "20260131T120000Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T13:00:00+0100",
        "2026-01-31T13:00:00 01:00",  # a plus sign that a URL's query lost
        "2026-01-31T06:30:00-05:30",
        " 2026-01-31T12:00:00.000000Z ",
    ],
)
def test_one_moment_in_many_forms(text):
    assert read_moment(text) == NOON
    assert read_moment(text).tzinfo is UTC


def test_a_date_begins_at_midnight():
    assert read_moment("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)


def test_a_window_up_to_a_date_has_all_of_that_day():
    window = read_window("2026-01-30", "2026-01-31")
    assert window.begin == datetime(2026, 1, 30, tzinfo=UTC)
    assert window.end == datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_window_of_one_date_and_of_one_moment():
    assert read_window("2026-01-31", "2026-01-31").begin == datetime(2026, 1, 31, tzinfo=UTC)
    assert read_window("2026-01-31T12:00Z", "2026-01-31T13:00+01:00") == (NOON, NOON)


def test_a_window_may_be_open():
    assert read_window(None, None) == (None, None)
    assert read_window(None, "2026-01-31T12:00Z") == (None, NOON)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-01-31T25:00", "1769860800", "0001-01-01T00:00+14:00", "2026-02-30"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(NoMoment, match="end: this is no moment; write it as 2026"):
        read_window(None, text)


def test_a_start_after_its_end_is_refused():
    with pytest.raises(NoMoment, match="the start of the window is after its end"):
        read_window("2026-01-31T12:00:00.000001Z", "2026-01-31T12:00:00Z")
