"""Posting as apps do it, for the tests of posts, timelines and pictures."""

import io
from typing import Any

import aiohttp
from PIL import Image

from fedimmp.effects.statuses import statuses_published
from storage import statuses
from storage.ids import id_for_remote
from storage.statuses import NewStatus
from tests.api.contract.entities import check
from tests.api.office import Answer, Api, Office

STATUSES = "/api/v1/statuses"


async def post(author: Api, text: str = "Hello", **form: Any) -> dict[str, Any]:
    """Publish a post and return the Status, which is checked against the contract."""
    status: dict[str, Any] = await author.ok("POST", STATUSES, json={"status": text, **form})
    check("Status", status)
    return status


async def does(person: Api, action: str, status: dict[str, Any], **form: Any) -> dict[str, Any]:
    """Favourite, reblog, bookmark, ... a status; returns the Status that the app gets."""
    path = f"{STATUSES}/{status['id']}/{action}"
    answer: dict[str, Any] = await person.ok("POST", path, json=form)
    check("Status", answer)
    return answer


async def follow(reader: Api, author: Api) -> None:
    await reader.ok("POST", f"/api/v1/accounts/{author.id}/follow")


async def seen(person: Api, status: dict[str, Any]) -> dict[str, Any]:
    """Return the status as somebody sees it."""
    found: dict[str, Any] = await person.ok("GET", f"{STATUSES}/{status['id']}")
    check("Status", found)
    return found


async def ids(person: Api, path: str, **query: Any) -> list[str]:
    """Return the ids of a list of statuses, each checked against the contract."""
    answer = await person.get(path, **query)
    assert answer.status == 200, answer.data
    for status in answer.data:
        check("Status", status)
    return [status["id"] for status in answer.data]


def picture(width: int = 40, height: int = 30, colour: str = "teal", encoder: str = "PNG") -> bytes:
    """Return the bytes of a picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, encoder)
    return buffer.getvalue()


def file_form(data: bytes, name: str = "a.png", **fields: str) -> aiohttp.FormData:
    """Return a multipart form with a file and some fields."""
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(data), filename=name, content_type="image/png")
    for key, value in fields.items():
        form.add_field(key, value)
    return form


async def upload(
    author: Api, data: bytes | None = None, path: str = "/api/v2/media", **fields: str
) -> Answer:
    """Upload a picture as apps do."""
    return await author.request("POST", path, data=file_form(data or picture(), **fields))


async def uploaded(author: Api, data: bytes | None = None, **fields: str) -> dict[str, Any]:
    """Upload a picture and return the MediaAttachment, which is checked against the contract."""
    answer = await upload(author, data, **fields)
    assert answer.status == 200, answer.data
    check("MediaAttachment", answer.data)
    media: dict[str, Any] = answer.data
    return media


async def arrive(office: Office, author_id: str, name: str, **columns: Any) -> str:
    """Store a public post of another office as if it had just come in; returns its id."""
    now = office.app.now()
    uri = f"https://porto.example/notes/{name}"
    new = NewStatus(
        id=id_for_remote(now, uri, now),
        uri=uri,
        account_id=int(author_id),
        local=False,
        visibility="public",
        created_at=now,
        content=f"<p>{name}</p>",
        **columns,
    )
    async with office.app.db.writer() as tx:
        (stored,) = await statuses.insert_many(tx, [new])
        await statuses_published(tx, office.app, [stored], now)
    return str(stored.id)


async def bar(office: Office, account_id: int, column: str) -> None:
    """Suspend an account, or mark it as deleted."""
    async with office.app.db.writer() as tx:
        await tx.execute(f"UPDATE accounts SET {column} = now() WHERE id = $1", account_id)
