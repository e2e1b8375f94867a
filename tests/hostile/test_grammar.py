"""Whatever an allowed peer sends: no 5xx, no error, no stranger asked, nobody else harmed.

FEDIMMP_EXAMPLES and FEDIMMP_SEED choose how many examples and which; `make torture` asks for many.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.attacks.outbound import Watch
from tests.conftest import CloneDatabase
from tests.hostile.grammar import EXAMPLES, STRANGERS, Example, Sent
from tests.hostile.templates import ACTIVITIES, SERVED, activity
from tests.hostile.world import World, world

_EXAMPLES = int(os.environ.get("FEDIMMP_EXAMPLES", "80"))
_SEED = os.environ.get("FEDIMMP_SEED")


def _chosen(test: Callable[..., Any]) -> Callable[..., Any]:
    """Choose the examples by the seed; without one they are the same in each run."""
    bounded = settings(
        max_examples=_EXAMPLES,
        derandomize=_SEED is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )(test)
    return bounded if _SEED is None else seed(int(_SEED))(bounded)


@pytest.fixture(scope="module")
async def here(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Run the office that is attacked, with its surroundings."""
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        async with world(await clone_database(), tmp_path_factory.mktemp("hq"), watch) as found:
            yield found


async def _try(here: World, example: Example) -> None:
    answers = await here.attack(example)
    assert (await here.harm(), [each for each in answers if each >= 500]) == ([], [])


async def test_no_valid_activity_does_harm(here: World) -> None:
    sent = [Sent(json.dumps(each)) for each in ACTIVITIES]
    for start in range(0, len(sent), 10):
        await _try(here, Example(tuple(sent[start : start + 10]), json.dumps(SERVED[0])))
    asking = tuple(each for each in sent if "{odd}" in each.body)
    for served in SERVED[1:]:
        await _try(here, Example(asking, json.dumps(served)))


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_no_stranger_is_asked(here: World, stranger: str) -> None:
    asking = [json.dumps(each) for each in ACTIVITIES if "{odd}" in json.dumps(each)]
    asking.append(json.dumps(activity("Move", "{me}", target="{odd}/1")))
    sent = tuple(Sent(each.replace("{odd}/1", json.dumps(stranger)[1:-1])) for each in asking)
    await _try(here, Example(sent, json.dumps(SERVED[0])))


# What is left of a large document is shown all the same.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@_chosen
@given(example=EXAMPLES)
async def test_no_activity_does_harm(here: World, example: Example) -> None:
    await _try(here, example)
