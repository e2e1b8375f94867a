"""Posts cases, signed, over a real socket to an office of ours, and looks what its readers see."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.services import authorising
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.settle import settle
from storage import statuses
from tests.attacks.door import open_door
from tests.corpora.cases import Case, all_cases
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.here import office
from tests.federation.members import Member, member


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: the answer, why it was refused, and the post as the API shows it."""

    case: Case
    status: int
    reason: str
    shown: dict[str, Any] | None


async def try_all(database_url: str, folder: Path) -> list[Outcome]:
    """Run an office over an empty database, and post every case to it."""
    async with office(database_url, folder) as app, foreign() as peer, open_door(app):
        await allow(app, peer)
        ana, bela = await member(app, "ana"), _at(peer)
        cases = all_cases(bela, ana.uri)
        async with aiohttp.ClientSession(app.uris.origin) as session:
            answers = [await _post(session, app, bela, case) for case in cases]
            await settle(app)
            parked = await _parked(app)
            async with _reading(session, app, ana) as look:
                return [
                    Outcome(
                        case,
                        status,
                        sentence or parked.get(str(case.activity.get("id")), ""),
                        await look(case.object_id),
                    )
                    for case, (status, sentence) in zip(cases, answers, strict=True)
                ]


def _at(peer: Foreign) -> Person:
    """Let Bela work at the peer, which also has what some cases answer."""
    bela = peer.person("bela")
    for number in (1, 2):
        peer.peer.document(
            f"/assets/note{number}.jsonap",
            type="Note",
            attributedTo=bela.uri,
            content="What is answered",
            published="2026-01-01T11:00:00Z",
            to=[PUBLIC],
        )
    return bela


async def _post(
    session: aiohttp.ClientSession, app: App, sender: Person, case: Case
) -> tuple[int, str]:
    message = sender.message(app, case.activity)
    async with session.post("/inbox", data=message.body, headers=message.headers) as answer:
        body = await answer.read()
    sentence = orjson.loads(body).get("error", "") if body else ""
    return answer.status, str(sentence)


async def _parked(app: App) -> dict[str, str]:
    async with app.db.reader() as conn:
        rows = await conn.fetch("SELECT activity_uri, reason FROM inbox WHERE state = 'parked'")
        return {row["activity_uri"]: row["reason"] for row in rows}


@contextlib.asynccontextmanager
async def _reading(session: aiohttp.ClientSession, app: App, reader: Member) -> AsyncIterator[Any]:
    """Yield a function that returns a post as an app of the reader gets it, by its URI."""
    token = await authorising.create_token(app, reader.id, USER_SCOPES, "tests")
    headers = {"Authorization": f"Bearer {token}"}

    async def look(uri: str | None) -> dict[str, Any] | None:
        async with app.db.reader() as conn:
            found = await statuses.find_by_uri(conn, uri) if uri is not None else None
        if found is None:
            return None
        async with session.get(f"/api/v1/statuses/{found.id}", headers=headers) as answer:
            assert answer.status == 200, f"{uri}: {answer.status}"
            shown: dict[str, Any] = await answer.json()
            return shown

    yield look


def lost(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the names of readable cases that nobody can read."""
    return [
        f"{each.case.group}: {each.case.name}"
        for each in outcomes
        if each.case.readable and not (each.shown and each.shown["content"])
    ]
