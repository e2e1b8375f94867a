"""The one connection to the SMTP server of the configuration, and why it failed, in plain words.

It goes to `mail.host` and nowhere else, whatever a recipient's address says (RFC 5321, RFC 3207).
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from urllib.parse import urlsplit

import aiosmtplib

from fedimmp.app import App
from fedimmp.config import Mail as Settings
from fedimmp.mail.addresses import read_address
from fedimmp.mail.letters import one_line
from storage.database import forbid_transaction
from storage.mails import Mail


class MailFailure(Exception):
    """A mail was not taken; its text says why in a sentence. Another try may help."""


class MailRefused(MailFailure):
    """The server will never take this mail."""


async def send(app: App, mail: Mail) -> None:
    """Hand a mail to the server. Raises MailFailure, or MailRefused when no other try can help."""
    forbid_transaction("mail")
    settings = app.config.mail
    if settings.host is None:
        raise MailFailure("No mail can be sent, since mail.host is not set.")
    message = compose(app, mail, app.now())
    async with _connected(app) as client:
        try:
            await client.send_message(message, sender=settings.sender)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0]) from error
        except aiosmtplib.SMTPSenderRefused as error:
            raise MailFailure(
                f"The server does not take mail from {settings.sender}: {_answer(error)}."
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailure(f"The connection broke while sending: {_words(error)}.") from error


async def check(app: App) -> None:
    """Sign in to the server and say good-bye. Raises MailFailure."""
    forbid_transaction("mail")
    async with _connected(app):
        pass


def compose(app: App, mail: Mail, now: datetime) -> EmailMessage:
    """Return the message as it is sent. Raises MailRefused for a recipient that is no address."""
    recipient = read_address(mail.recipient)
    if recipient is None:
        raise MailRefused("The recipient has no address that mail can be sent to.")
    message = EmailMessage(policy=WIRE)
    sender = app.config.mail.sender
    message["From"] = Address(one_line(app.config.server.name), addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = now
    message["Message-ID"] = mail.message_id
    # Nobody's holiday message shall answer it (RFC 3834 section 5).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.body_text)
    message.add_alternative(mail.body_html, subtype="html")
    return message


@asynccontextmanager
async def _connected(app: App) -> AsyncIterator[aiosmtplib.SMTP]:
    """Connect, encrypt and sign in, as the configuration says."""
    settings = app.config.mail
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        # Our own name without a port; the library would ask DNS for one.
        local_hostname=urlsplit(app.uris.origin).hostname,
        timeout=settings.timeout_seconds,
        use_tls=settings.tls == "implicit",
        start_tls=False,
        tls_context=_tls(app),
    )
    try:
        await _open(client, settings)
        yield client
    finally:
        await _leave(client)


async def _open(client: aiosmtplib.SMTP, settings: Settings) -> None:
    place = f"{settings.host}, port {settings.port}"
    try:
        await client.connect()
        if settings.tls == "starttls":
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise MailFailure(
                    f'{place} does not offer STARTTLS, which mail.tls = "starttls" insists on.'
                )
            await client.starttls()
    except aiosmtplib.SMTPException as error:
        raise MailFailure(_why_not(error, settings, place)) from error
    except ssl.SSLError as error:
        raise MailFailure(
            f"{place} has no certificate that is trusted: {_words(error)}."
        ) from error
    except OSError as error:
        raise MailFailure(f"There is no connection to {place}: {_words(error)}.") from error
    if settings.username is None or settings.password is None:
        return
    try:
        await client.login(settings.username, settings.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise MailFailure(
            f"{place} does not accept mail.username with mail.password: {_answer(error)}."
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailFailure(f"Signing in to {place} failed: {_words(error)}.") from error


def _why_not(error: aiosmtplib.SMTPException, settings: Settings, place: str) -> str:
    match error.__cause__:
        case ssl.SSLCertVerificationError() as cause:
            return f"{place} has no certificate that is trusted: {cause.verify_message}."
        case ssl.SSLError() if settings.tls == "implicit":
            return f'{place} does not speak TLS from the start; mail.tls may have to be "starttls".'
        case ssl.SSLError() as cause:
            return f"{place} and we agree on no encryption: {_words(cause)}."
        case OSError() as cause if not isinstance(cause, TimeoutError):
            return f"There is no connection to {place}: {_words(cause)}."
    match error:
        case aiosmtplib.SMTPTimeoutError():
            return f"{place} did not answer within {settings.timeout_seconds:g} seconds."
        case aiosmtplib.SMTPResponseException():
            return f"{place} turned us away: {_answer(error)}."
    return f"{place} does not answer as an SMTP server does: {_words(error)}."


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _tls(app: App) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if app.config.network.ca_bundle is not None:
        context.load_verify_locations(app.config.network.ca_bundle)
    return context


def _refused(error: aiosmtplib.SMTPResponseException) -> MailFailure:
    sentence = f"The server does not take this mail: {_answer(error)}."
    return MailRefused(sentence) if 500 <= error.code < 600 else MailFailure(sentence)


def _answer(error: aiosmtplib.SMTPResponseException) -> str:
    # A server's words may go to a terminal or a log.
    return f"{error.code} {one_line(error.message)}".strip().rstrip(".")


def _words(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return one_line(text).rstrip(".")
