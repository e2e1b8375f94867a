"""`fedimmp announcement`: what is said to everybody, and what is refused in a sentence."""

from tests.cli.conftest import CommandLine


async def test_it_is_said_listed_changed_and_taken_back(fedimmp: CommandLine) -> None:
    added = await fedimmp("announcement", "add", "Cake at four", "--ends", "2199-01-02")
    assert added.code == 0
    assert added.out.endswith(" is published.\n")
    (listed,) = (await fedimmp("announcement", "list", "--json")).json
    assert (listed["text"], listed["ends"][:10]) == ("Cake at four", "2199-01-02")
    changed = await fedimmp("announcement", "edit", listed["id"], "Cake at five")
    assert changed.out == f"Announcement {listed['id']} is changed.\n"
    later = await fedimmp("announcement", "add", "More cake", "--at", "2198-01-01T10:00+01:00")
    assert later.out.endswith(" is scheduled.\n")
    table = (await fedimmp("announcement", "list")).out
    assert "Cake at five" in table
    assert "2198-01-01T09:00" in table
    removed = await fedimmp("announcement", "remove", listed["id"])
    assert removed.out == f"Announcement {listed['id']} is removed.\n"


async def test_mistakes_are_told(fedimmp: CommandLine) -> None:
    blank = await fedimmp.fails("announcement", "add", " ", code=2)
    assert blank == "An announcement needs words."
    await fedimmp.fails("announcement", "add", "x", "--ends", "soon", code=2)
    order = await fedimmp.fails(
        *("announcement", "add", "x", "--starts", "2199-01-02", "--ends", "2199-01-01"), code=2
    )
    assert order == "What is announced ends before it starts."
    missing = await fedimmp.fails("announcement", "remove", "7", code=2)
    assert missing == "There is no such announcement; `fedimmp announcement list` shows all."
