"""Every case of the corpora is answered as it should be, and the page about them is current."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import CloneDatabase
from tests.corpora.page import PATH, render
from tests.corpora.trial import Outcome, lost, try_all
from tests.house.source import ROOT


@pytest.fixture(scope="module")
async def outcomes(
    tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[list[Outcome]]:
    """Post all cases once."""
    yield await try_all(await clone_database(), tmp_path_factory.mktemp("corpora"))


async def test_every_case_is_taken_or_refused_with_a_sentence(outcomes: list[Outcome]) -> None:
    assert len(outcomes) > 300
    odd = [
        f"{each.case.name}: {each.status} {each.reason}"
        for each in outcomes
        if each.status != 202 and not (400 <= each.status < 500 and each.reason.endswith("."))
    ]
    assert odd == []


async def test_what_was_written_to_be_read_can_be_read(outcomes: list[Outcome]) -> None:
    assert lost(outcomes) == []


async def test_what_was_refused_is_not_shown(outcomes: list[Outcome]) -> None:
    assert [each.case.name for each in outcomes if each.reason and each.shown] == []


async def test_the_page_is_current(outcomes: list[Outcome]) -> None:
    """Reading changed: look at it, then run `python -m tests.corpora`."""
    assert (ROOT / PATH).read_text("utf-8") == render(outcomes)
