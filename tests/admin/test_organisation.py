"""The organisation's list in the console."""

import pytest

from fedimmp.services import organising
from tests.admin.console import staff
from tests.oauth.conftest import Office
from tests.organisation.source import Publisher, members

PAGE = "/admin/organisation"
OFFICES = ("hq.example", "porto.example", "osaka.example", "lyon.example")


@pytest.mark.sec("SEC-222")
async def test_what_waits_is_shown_and_confirmed_by_a_person_with_a_password(
    office: Office,
) -> None:
    ada = await staff(office, "ada")
    assert "follows no list" in await ada.page(PAGE)
    hq = Publisher()
    await organising.subscribe(office.app, None, hq.fingerprint, actor="tests")
    await organising.import_files(office.app, hq.publish(1, members(*OFFICES)))
    page = await ada.page(PAGE)
    assert "lyon.example" in page
    assert "2 of 3 keys" in page
    await organising.import_files(office.app, hq.publish(2, members(*OFFICES[:2])))
    page = await ada.page(PAGE)
    assert "Let version 2 hold" in page
    assert "lyon.example is listed no more" in page

    stale = await ada.send(PAGE, PAGE, version="1")
    assert "No version waits" in stale.text
    await ada.does(PAGE, PAGE, version="2")
    assert "lyon.example" not in await ada.page(PAGE)
