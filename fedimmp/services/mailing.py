"""Mail as work that is a row: written with what caused it, sent by a worker, tried for days.

A worker that dies after the server took a mail sends it once more, under the same Message-ID.
"""

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from fedimmp.app import App
from fedimmp.mail import smtp
from fedimmp.mail.letters import Letter, write
from fedimmp.mail.smtp import MailFailure, MailRefused
from storage import jobs, mails
from storage.database import Transaction
from storage.mails import Mail, NewMail

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=3)


async def enqueue(tx: Transaction, app: App, recipient: str, letter: Letter) -> None:
    """Have a letter sent once this transaction is committed; nothing where there is no server."""
    if app.config.mail.host is None:
        return
    mail = NewMail(
        message_id=_message_id(app),
        recipient=recipient,
        subject=letter.subject,
        body_text=letter.text,
        body_html=letter.html,
    )
    mail_id = await mails.insert(tx, mail, app.now())
    await jobs.enqueue(tx, "send_mail", {"mail_id": mail_id}, key=str(mail_id))


async def send_mail(app: App, payload: Mapping[str, Any]) -> None:
    """Job: hand a mail to the server; one that it does not take is tried again later, for days."""
    mail_id = int(payload["mail_id"])
    async with app.db.reader() as conn:
        mail = await mails.find(conn, mail_id)
    if mail is None:
        return
    failure: MailFailure | None = None
    try:
        await smtp.send(app, mail)
    except MailFailure as error:
        failure = error
    async with app.db.writer() as tx:
        if failure is None or _gives_up(app, mail, failure):
            await mails.delete(tx, mail_id)
            return
        await mails.note_failure(tx, mail_id)
        pause = min(_FIRST_PAUSE * 2 ** min(mail.attempts, 16), _LONGEST_PAUSE)
        await jobs.enqueue(
            tx, "send_mail", {"mail_id": mail_id}, key=str(mail_id), due_at=app.now() + pause
        )
    logger.info("a mail waits for %d s: %s", pause.total_seconds(), failure)


async def send_test(app: App, recipient: str) -> None:
    """Send a mail at once, past the queue. Raises MailFailure with a sentence that says why not."""
    letter = write(app, "test", f"A test of {app.config.server.name}")
    await smtp.send(
        app,
        Mail(
            id=0,
            message_id=_message_id(app),
            recipient=recipient,
            subject=letter.subject,
            body_text=letter.text,
            body_html=letter.html,
            attempts=0,
            created_at=app.now(),
        ),
    )


def _message_id(app: App) -> str:
    # A port is no part of a Message-ID (RFC 5322 section 3.6.4).
    return f"<{secrets.token_hex(16)}@{urlsplit(app.uris.origin).hostname}>"


def _gives_up(app: App, mail: Mail, failure: MailFailure) -> bool:
    late = app.now() - mail.created_at >= timedelta(days=app.config.mail.give_up_days)
    if not late and not isinstance(failure, MailRefused):
        return False
    logger.warning("a mail was dropped after %d attempts: %s", mail.attempts + 1, failure)
    return True
