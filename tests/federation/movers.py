"""What tests of moving accounts need: aliases, Moves, and who follows whom afterwards."""

from typing import Any

from fedimmp.app import App
from storage import accounts
from storage.accounts import Account
from tests.federation.foreign import Person
from tests.federation.members import Member, account_id


async def account_of(app: App, uri: str) -> Account:
    """Return a known account by its URI."""
    async with app.db.reader() as conn:
        found = await accounts.find_by_uri(conn, uri)
    assert found is not None
    return found


async def known(app: App, *people: Person) -> list[int]:
    """Return the account ids of people, who are known as after a post of theirs."""
    for each in people:
        await each.send(app, each.create(each.note()))
    return [await account_id(app, each.uri) for each in people]


def names(person: Person, *aliases: Person | Member) -> None:
    """Let the document of a person name others as the same person."""
    person.document["alsoKnownAs"] = [each.uri for each in aliases]


def move(person: Person, target: str) -> dict[str, Any]:
    """Return the Move of a person."""
    return person.activity("Move", person.uri, target=target)


async def followed(app: App, follower: Member) -> list[str]:
    """Return whom a member follows or asks to follow, as lines of URI and state."""
    async with app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT a.uri || ' ' || f.state AS line FROM follows f"
            " JOIN accounts a ON a.id = f.target_id WHERE f.account_id = $1 ORDER BY 1",
            follower.id,
        )
        return [row["line"] for row in rows]
