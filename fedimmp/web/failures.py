"""Turns whatever a handler raises into an answer of one shape: a status and a sentence."""

import logging
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from marshmallow import ValidationError

from activitypub import errors as protocol
from fedimmp.errors import (
    BadRequest,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from fedimmp.web.forms import sentence_of
from storage import errors as storage

log = logging.getLogger(__name__)

_ROUTER = {
    404: "Record not found",
    405: "This address does not know that method",
    413: "The request is too large",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What is told to the client."""

    status: int
    sentence: str
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the API's one error shape."""
        body: dict[str, Any] = {"error": self.sentence}
        if self.details is not None:
            body["details"] = self.details
        return body


def failure_of(error: Exception, request_id: str) -> Failure:
    """Return the answer for an error; one that nobody foresaw is logged with its traceback."""
    refusal = _refusal(error)
    if refusal is not None:
        return Failure(refusal.status, refusal.sentence, refusal.headers, refusal.details)
    if isinstance(error, web.HTTPException):
        sentence = _ROUTER.get(error.status, error.reason)
        allow = error.headers.get("Allow")
        return Failure(error.status, sentence, {"Allow": allow} if allow else {})
    log.error("A request failed.", exc_info=error)
    return Failure(500, f"Something went wrong here; the administrators find it as {request_id}")


def _refusal(error: Exception) -> Refusal | None:
    match error:
        case Refusal():
            return error
        case storage.Unavailable() | TimeoutError():
            log.warning("The database did not answer: %s", error)
            return Unavailable()
        case storage.StorageError():
            return _of_storage(error)
        case protocol.ProtocolError():
            return _of_protocol(error)
        case ValidationError():
            return Invalid(sentence_of(error.messages))
    return None


def _of_storage(error: storage.StorageError) -> Refusal | None:
    match error:
        case storage.NotFound():
            return NotFound()
        case storage.Unstorable():
            return Invalid("Validation failed: a value cannot be stored")
        case storage.Conflict():
            return Invalid("Duplicate record")
    return None


def _of_protocol(error: protocol.ProtocolError) -> Refusal:
    sentence = str(error)
    match error:
        case protocol.NotAuthentic():
            return Unauthorized(sentence)
        case protocol.NotTrusted():
            return Forbidden(sentence)
        case protocol.Gone():
            return Gone(sentence) if error.status == 410 else NotFound()
        case protocol.TooLarge():
            return TooLarge(sentence)
        case protocol.Unreachable():
            return Unavailable(sentence, retry_after=error.retry_after or 30)
    return BadRequest(sentence)
