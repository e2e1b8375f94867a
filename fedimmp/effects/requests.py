"""Answers of our people to what others ask leave for, decided by their policies."""

from datetime import datetime

from fedimmp.app import App
from fedimmp.outbound import addressing, requests
from fedimmp.outbound.requests import Request
from storage.database import Transaction


async def request_granted(
    tx: Transaction,
    app: App,
    author_id: int,
    asker_id: int,
    request: Request,
    result: str,
    now: datetime,
) -> None:
    """Answer the office of somebody who may do what they ask for, also when it asks again."""
    await addressing.enqueue(
        tx,
        app,
        account_id=author_id,
        activity=requests.accept_request(app, author_id, request, result),
        account_ids=[asker_id],
        now=now,
    )


async def request_refused(
    tx: Transaction, app: App, author_id: int, asker_id: int, request: Request, now: datetime
) -> None:
    """Answer the office of somebody who may not do what they ask for."""
    await addressing.enqueue(
        tx,
        app,
        account_id=author_id,
        activity=requests.reject_request(app, author_id, request),
        account_ids=[asker_id],
        now=now,
    )
