"""Mail over real sockets: how it is sent, and the sentence for each way in which it is not."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import Accounts, Config, Database, Mail, Network, Server, Storage
from fedimmp.mail import letters, smtp
from fedimmp.mail.addresses import is_within, read_address
from fedimmp.mail.smtp import MailFailure, MailRefused
from fedimmp.services import mailing
from fedimmp.workers.settle import settle
from storage import mails
from tests.api.office import Clock
from tests.conftest import CloneDatabase
from tests.registration.mailbox import ADDRESS, Mailbox, certificate, serve, text_of

ANA = "ana@corp.example"


@pytest.fixture
async def app(
    clone_database: CloneDatabase, tmp_path: Path, mailbox: Mailbox
) -> AsyncIterator[App]:
    config = Config(
        server=Server(origin="https://porto.example:8443", name="Porto"),
        storage=Storage(data_dir=tmp_path),
        database=Database(url=await clone_database(), pool_size=3),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=64),
        mail=Mail(
            host=ADDRESS,
            port=mailbox.port,
            tls="none",
            sender="fedimmp@porto.example",
            timeout_seconds=5.0,
        ),
    )
    async with build(config, clock=Clock()) as built:
        yield built


def with_mail(app: App, *, bundle: Path | None = None, **changes: Any) -> App:
    mail = dataclasses.replace(app.config.mail, **changes)
    network = Network(ca_bundle=bundle)
    return dataclasses.replace(
        app, config=dataclasses.replace(app.config, mail=mail, network=network)
    )


async def queue(app: App, recipient: str = ANA, subject: str = "A test of Porto") -> None:
    letter = letters.write(app, "test", subject)
    async with app.db.writer() as tx:
        await mailing.enqueue(tx, app, recipient, letter)


async def waiting(app: App) -> int:
    async with app.db.reader() as conn:
        number: int = await conn.fetchval("SELECT count(*) FROM mails")
    return number


async def test_a_mail_has_both_texts_and_the_headers_of_a_machine(
    app: App, mailbox: Mailbox
) -> None:
    await queue(app)
    await settle(app)
    (mail,) = mailbox.received
    assert (mail["From"], mail["To"]) == ("Porto <fedimmp@porto.example>", ANA)
    assert mail["Subject"] == "A test of Porto"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@porto.example>")
    assert abs(parsedate_to_datetime(mail["Date"]) - app.now()) < timedelta(minutes=1)
    assert "Porto (porto.example:8443) can send mail." in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<p>This is a test.</p>" in html.get_content()
    assert (mailbox.envelopes[0].mail_from, mailbox.envelopes[0].rcpt_tos) == (
        "fedimmp@porto.example",
        [ANA],
    )
    assert await waiting(app) == 0


async def test_a_mail_is_written_with_what_caused_it_or_not_at_all(app: App) -> None:
    letter = letters.write(app, "test", "Porto")
    with pytest.raises(KeyError):
        async with app.db.writer() as tx:
            await mailing.enqueue(tx, app, ANA, letter)
            raise KeyError
    assert await waiting(app) == 0


@pytest.mark.sec("SEC-134")
async def test_nothing_that_people_chose_adds_a_header(app: App, mailbox: Mailbox) -> None:
    evil = "Ana\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\0\x1b[2J"
    letter = letters.write(app, "waiting", evil, username=evil, email=ANA, reason=evil)
    async with app.db.writer() as tx:
        await mailing.enqueue(tx, app, ANA, dataclasses.replace(letter, subject=evil[:-5]))
    await settle(app)
    (mail,) = mailbox.received
    assert "Bcc" not in mail
    assert mailbox.envelopes[0].rcpt_tos == [ANA]
    assert mail["Subject"].startswith("Ana Bcc: eve@evil.example")
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "\x1b" not in text_of(mail)


@pytest.mark.parametrize(
    "recipient", ["ana@corp.example\r\nRCPT TO:<eve@evil.example>", "ana", "<a@b>", ""]
)
async def test_a_recipient_that_is_none_is_dropped(
    app: App, mailbox: Mailbox, recipient: str, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(app, recipient)
    await settle(app)
    assert (mailbox.received, await waiting(app)) == ([], 0)
    assert "dropped" in caplog.text


async def test_starttls_and_a_login(app: App, tmp_path: Path) -> None:
    context, bundle = certificate(tmp_path)
    box = Mailbox()
    server = await serve(box, starttls=context, with_login=True)
    login: dict[str, Any] = {"username": "office", "password": "open sesame"}
    there = with_mail(app, bundle=bundle, port=box.port, tls="starttls", **login)
    await mailing.send_test(there, ANA)
    assert (box.encrypted, box.logins) == ([True], [("office", "open sesame")])
    wrong = with_mail(
        app, bundle=bundle, port=box.port, tls="starttls", **login | {"password": "x"}
    )
    with pytest.raises(MailFailure, match=r"does not accept mail\.username"):
        await mailing.send_test(wrong, ANA)
    unknown = with_mail(app, port=box.port, tls="starttls", **login)
    with pytest.raises(MailFailure, match="certificate"):
        await mailing.send_test(unknown, ANA)
    assert len(box.received) == 1
    server.close()


async def test_tls_from_the_start(app: App, mailbox: Mailbox, tmp_path: Path) -> None:
    context, bundle = certificate(tmp_path)
    box = Mailbox()
    server = await serve(box, implicit=context)
    await mailing.send_test(with_mail(app, bundle=bundle, port=box.port, tls="implicit"), ANA)
    assert len(box.received) == 1
    with pytest.raises(MailFailure, match="certificate"):
        await mailing.send_test(with_mail(app, port=box.port, tls="implicit"), ANA)
    with pytest.raises(MailFailure, match="does not speak TLS from the start"):
        await mailing.send_test(with_mail(app, bundle=bundle, tls="implicit"), ANA)
    with pytest.raises(MailFailure, match="does not offer STARTTLS"):
        await mailing.send_test(with_mail(app, tls="starttls"), ANA)
    assert mailbox.received == []
    server.close()


async def test_no_server_a_silent_one_and_one_that_is_none(app: App) -> None:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    with pytest.raises(MailFailure, match=f"no connection to {ADDRESS}, port {port}"):
        await mailing.send_test(with_mail(app, port=port), ANA)
    with pytest.raises(MailFailure, match=r"no connection to nowhere\.invalid"):
        await mailing.send_test(with_mail(app, host="nowhere.invalid"), ANA)
    with pytest.raises(MailFailure, match=r"mail\.host is not set"):
        await mailing.send_test(with_mail(app, host=None), ANA)

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hold, ADDRESS, 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(MailFailure, match=r"did not answer within 0\.2 seconds"):
        await mailing.send_test(with_mail(app, port=port, timeout_seconds=0.2), ANA)
    silent.close()

    async def chat(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    other = await asyncio.start_server(chat, ADDRESS, 0)
    with pytest.raises(MailFailure):
        await mailing.send_test(with_mail(app, port=other.sockets[0].getsockname()[1]), ANA)
    other.close()


async def test_what_is_refused_for_now_is_tried_again_and_for_good_is_dropped(
    app: App, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    clock = app.clock
    assert isinstance(clock, Clock)
    mailbox.recipient_answer = "450 Later"
    await queue(app)
    await settle(app)
    assert (await waiting(app), mailbox.received) == (1, [])
    mailbox.recipient_answer = "250 OK"
    clock.offset += timedelta(seconds=31)
    await settle(app)
    assert (await waiting(app), len(mailbox.received)) == (0, 1)

    mailbox.recipient_answer = "550 No such person"
    await queue(app)
    await settle(app)
    assert await waiting(app) == 0
    assert "dropped after 1 attempts" in caplog.text
    assert "550 No such person" in caplog.text

    mailbox.recipient_answer, mailbox.data_answer = "250 OK", "451 Full"
    await queue(app)
    for _ in range(4):
        await settle(app)
        clock.offset += timedelta(days=1)
    await settle(app)
    assert (await waiting(app), len(mailbox.received)) == (0, 1)
    assert "451 Full" in caplog.text


async def test_repeated_for_a_crash_it_has_the_same_message_id(app: App, mailbox: Mailbox) -> None:
    await queue(app)
    async with app.db.reader() as conn:
        mail_id = await conn.fetchval("SELECT id FROM mails")
        mail = await mails.find(conn, mail_id)
    assert mail is not None
    # The server took it, and the worker died before it could say so.
    await smtp.send(app, mail)
    await settle(app)
    first, second = mailbox.received
    assert first["Message-ID"] == second["Message-ID"]
    await mailing.send_mail(app, {"mail_id": mail_id})
    assert len(mailbox.received) == 2


async def test_no_mail_leaves_from_within_a_transaction(app: App, mailbox: Mailbox) -> None:
    with pytest.raises(RuntimeError):
        async with app.db.writer():
            await mailing.send_test(app, ANA)
    assert mailbox.received == []


async def test_a_reply_with_commands_steers_no_terminal(app: App, mailbox: Mailbox) -> None:
    mailbox.data_answer = "554 \x1b[2Jgone"
    with pytest.raises(MailRefused) as caught:
        await mailing.send_test(app, ANA)
    assert str(caught.value).isprintable()


ADDRESSES = {
    "ana@corp.example": "ana@corp.example",
    " Ana.Sousa+x@CORP.example ": "Ana.Sousa+x@corp.example",
    "a@bücher.example": "a@xn--bcher-kva.example",
    "a@x@corp.example": None,
    '"a b"@corp.example': None,
    "a..b@corp.example": None,
    ".a@corp.example": None,
    "a@corp.example.": None,
    "a@[127.0.0.1]": None,
    "a@127.0.0.1": None,
    "a@corp.example\n": "a@corp.example",
    "a@corp\n.example": None,
    "ä@corp.example": None,
    "a@corp.example>,<eve@evil.example": None,
    "a(comment)@corp.example": None,
    "a%evil.example@corp.example": "a%evil.example@corp.example",
    "a" * 65 + "@corp.example": None,
    "a@" + "b" * 64 + ".example": None,
    "a@": None,
    "@corp.example": None,
    "a\0@corp.example": None,
    "a@\ud800.example": None,
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items())
def test_addresses_are_read_strictly(text: str, expected: str | None) -> None:
    assert read_address(text) == expected


def test_domains_below_count_only_when_written_so() -> None:
    assert is_within("a@corp.example", ["corp.example"])
    assert not is_within("a@x.corp.example", ["corp.example"])
    assert is_within("a@x.corp.example", ["*.corp.example"])
    assert not is_within("a@corp.example", ["*.corp.example"])
    assert not is_within("a@evilcorp.example", ["*.corp.example", "corp.example"])
