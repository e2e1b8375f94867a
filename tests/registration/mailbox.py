"""An SMTP server on a real socket that keeps what it takes, and refuses what it is told to."""

import asyncio
import email
import re
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ADDRESS = "127.0.0.1"


@dataclass(slots=True)
class Mailbox:
    """What arrived, and how the server answers. `port` is known once it is open."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    recipient_answer: str = "250 OK"
    data_answer: str = "250 Taken"
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            content = cast("bytes", envelope.content)
            message = email.message_from_bytes(content, policy=default)
            self.received.append(message)
            self.envelopes.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return self.data_answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        pair = (data.login.decode(), data.password.decode())
        self.logins.append(pair)
        return AuthResult(success=pair == ("office", "open sesame"), handled=False)

    def to(self, recipient: str) -> list[EmailMessage]:
        """Return the mails to an address, oldest first."""
        return [message for message in self.received if message["To"] == recipient]

    def link(self, recipient: str) -> str:
        """Return the path of the link in the last mail to an address."""
        found = re.search(r"https?://[^/\s]+(/auth/\S+)", text_of(self.to(recipient)[-1]))
        assert found is not None
        return found[1]


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


async def serve(
    mailbox: Mailbox,
    *,
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
    with_login: bool = False,
) -> asyncio.Server:
    """Open a mailbox on a free port."""

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=mailbox.authenticate if with_login else None,
            auth_required=with_login,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, ADDRESS, 0, ssl=implicit)
    mailbox.port = server.sockets[0].getsockname()[1]
    return server


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context for the loopback address, and the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(ADDRESS).configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return context, bundle
