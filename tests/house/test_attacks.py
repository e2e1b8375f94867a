"""The table of attacks is whole: each number has tests, and each test a number that is known."""

import re

from tests.house.attacks import PAGE, marked
from tests.house.source import ROOT
from tests.house.vectors import REQUIRED, SECTIONS

KNOWN = {number for section in SECTIONS for number in section.vectors}


# These try a part alone, not a running office.
PARTS = ("tests/protocol/", "tests/unit/", "tests/house/")


def test_every_vector_is_tried_on_a_running_office() -> None:
    tests = marked()
    untried = [
        number
        for section in REQUIRED
        for number in section.vectors
        if not [test for test in tests.get(number, ()) if not test.startswith(PARTS)]
    ]
    assert untried == []


def test_every_marked_number_is_known() -> None:
    assert set(marked()) - KNOWN == set()


def test_the_table_names_what_there_is_and_all_of_it_held() -> None:
    """Tests were added or renamed: look at them, then run `make vectors`."""
    rows = re.findall(r"^\| (SEC-\d+) \|.*\| ([^|]*) \| ([^|]*) \|$", _page(), re.MULTILINE)
    tests = {number: re.findall(r"`([^`]+)`", cell) for number, cell, _result in rows}
    there = marked()
    expected = {
        number: [test.removeprefix("tests/") for test in there.get(number, [])] for number in KNOWN
    }
    assert tests == expected
    assert [number for number, _cell, result in rows if not result.startswith("holds")] == []


def _page() -> str:
    return (ROOT / PAGE).read_text("utf-8")
