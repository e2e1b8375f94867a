"""What somebody enters who signs up, and what is wrong with it: per field, as apps read it.

The words for machines (`ERR_TAKEN` and so on) are those of Mastodon's API.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import available_timezones

from fedimmp.app import App
from fedimmp.errors import Invalid
from fedimmp.mail.addresses import is_within, read_address
from fedimmp.services import members
from storage import accounts
from storage import errors as storage_errors
from storage import members as members_rows
from storage.database import Connection
from storage.handles import username_key

REASON_MAXIMUM: Final = 2000

# Names under which nobody but the people who run the office shall speak.
_RESERVED: Final = frozenset(
    {
        "abuse",
        "account",
        "accounts",
        "actor",
        "admin",
        "administrator",
        "api",
        "contact",
        "everybody",
        "everyone",
        "fedimmp",
        "help",
        "hostmaster",
        "info",
        "instance",
        "mail",
        "mailer-daemon",
        "moderation",
        "moderator",
        "no-reply",
        "noreply",
        "office",
        "official",
        "operator",
        "owner",
        "postmaster",
        "relay",
        "root",
        "security",
        "staff",
        "support",
        "sysadmin",
        "system",
        "team",
        "webmaster",
        "www",
    }
)
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_NAMES: Final = {
    "username": "Username",
    "email": "E-mail address",
    "password": "Password",
    "agreement": "Agreement",
    "reason": "Reason",
}


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody entered, as they entered it, and the IP address from which they came."""

    username: str
    email: str
    password: str
    agreement: bool
    reason: str = ""
    locale: str = ""
    time_zone: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field is refused: the word for machines, and the rest of a sentence for people."""

    code: str
    words: str


Problems = Mapping[str, Sequence[Problem]]

_BLANK: Final = Problem("ERR_BLANK", "can't be blank")
_TAKEN: Final = Problem("ERR_TAKEN", "is already taken")
_BLOCKED: Final = Problem("ERR_BLOCKED", "is of a domain with which nobody can sign up here")
_RESERVED_NAME: Final = Problem("ERR_RESERVED", "is reserved")


def check(app: App, wish: SignUp) -> str:
    """Return the address in the form in which it is kept. Raises Invalid with all problems."""
    email = _email_problem(app, wish.email)
    found = {
        "username": _username_problem(app, wish.username),
        "email": email,
        "password": _password_problem(app, wish.password),
        "agreement": None
        if wish.agreement
        else Problem("ERR_ACCEPTED", "must be accepted to join"),
        "reason": _reason_problem(app, wish.reason),
    }
    refuse({name: [problem] for name, problem in found.items() if problem is not None})
    return read_address(wish.email) or ""


def check_address(app: App, email: str) -> str:
    """Return an address with which people may sign up, as it is kept. Raises Invalid."""
    problem = _email_problem(app, email)
    refuse({} if problem is None else {"email": [problem]})
    return read_address(email) or ""


async def taken(conn: Connection, username: str, email: str) -> Problems:
    """Return which of name and address belong to somebody; a name also to one who is gone."""
    found: dict[str, list[Problem]] = {}
    if await accounts.is_name_taken(conn, username_key(username)):
        found["username"] = [_TAKEN]
    if await members_rows.find_by_login(conn, email) is not None:
        found["email"] = [_TAKEN]
    return found


def blocked() -> Exception:
    """Return the refusal for an address, or a network, that moderators blocked."""
    return _refusal({"email": [_BLOCKED]})


def conflict(error: storage_errors.Conflict) -> Exception:
    """Return the refusal for what somebody else took at the same moment."""
    names = {"accounts_handle": "username", "members_email_key": "email"}
    name = names.get(error.constraint or "")
    return error if name is None else _refusal({name: [_TAKEN]})


def refuse(problems: Problems) -> None:
    """Raise Invalid with these problems, if there are any."""
    if problems:
        raise _refusal(problems)


def locale(app: App, wish: str) -> str:
    """Return the language that somebody asks for, or the office's."""
    return wish if _LOCALE.fullmatch(wish) else app.config.server.languages[0]


def time_zone(wish: str) -> str | None:
    """Return the time zone that somebody names, None for an unknown one."""
    return wish if wish in available_timezones() else None


def _refusal(problems: Problems) -> Invalid:
    sentences = [
        f"{_NAMES[name]} {problem.words}" for name, found in problems.items() for problem in found
    ]
    details = {
        name: [{"error": problem.code, "description": problem.words} for problem in found]
        for name, found in problems.items()
    }
    return Invalid(f"Validation failed: {', '.join(sentences)}", details=details)


def _username_problem(app: App, username: str) -> Problem | None:
    if not username:
        return _BLANK
    if len(username) > members.USERNAME_MAXIMUM:
        return Problem("ERR_TOO_LONG", f"has more than {members.USERNAME_MAXIMUM} characters")
    try:
        members.check_username(username)
    except Invalid:
        return Problem(
            "ERR_INVALID", "may have letters, digits, underscores, and dots or hyphens inside"
        )
    own = {username_key(name) for name in app.config.registration.reserved_names}
    return _RESERVED_NAME if username_key(username) in _RESERVED | own else None


def _email_problem(app: App, email: str) -> Problem | None:
    if not email.strip():
        return _BLANK
    address = read_address(email)
    if address is None:
        return Problem("ERR_INVALID", "is no e-mail address")
    domains = app.config.registration.email_domains
    if domains and not is_within(address, domains):
        return _BLOCKED
    return None


def _password_problem(app: App, password: str) -> Problem | None:
    if not password:
        return _BLANK
    if len(password) < app.config.accounts.password_minimum:
        minimum = app.config.accounts.password_minimum
        return Problem("ERR_TOO_SHORT", f"has fewer than {minimum} characters")
    if len(password) > members.PASSWORD_MAXIMUM:
        return Problem("ERR_TOO_LONG", f"has more than {members.PASSWORD_MAXIMUM} characters")
    return None


def _reason_problem(app: App, reason: str) -> Problem | None:
    registration = app.config.registration
    if registration.mode == "approval" and registration.reason_required and not reason.strip():
        return _BLANK
    if len(reason) > REASON_MAXIMUM:
        return Problem("ERR_TOO_LONG", f"has more than {REASON_MAXIMUM} characters")
    return None
