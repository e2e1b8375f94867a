"""The source is read once for all tests of this folder, and not kept for others."""

from collections.abc import Iterator

import pytest

from tests.house import source


@pytest.fixture(scope="package", autouse=True)
def _sources() -> Iterator[None]:
    yield
    source.forget()
