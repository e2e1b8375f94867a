"""Refusals: answers that a use-case or an edge gives instead of doing what was asked.

A Refusal carries a public sentence and the HTTP status that says the same. It is an answer and
not an incident, so it is never logged as an error. `web` renders it for every route alike.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """An answer with a status and a sentence that anybody may read.

    `details` is a JSON object that is sent beside the sentence; `headers` are added to the answer.
    """

    status: ClassVar[int] = 400
    default: ClassVar[str] = "The request could not be understood"

    def __init__(
        self,
        sentence: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.sentence = sentence or self.default
        self.details = dict(details) if details else None
        self.headers = dict(headers or {})
        super().__init__(self.sentence)


class BadRequest(Refusal):
    """The request is malformed, or lacks a parameter without which it means nothing."""

    status = 400


class Unauthorized(Refusal):
    """No credentials came with the request, or they are not valid."""

    status = 401
    default = "The access token is invalid"


class Forbidden(Refusal):
    """Who asks is known and may not do this."""

    status = 403
    default = "This action is not allowed"


class NotFound(Refusal):
    """The object is missing, or private to others: the two look the same."""

    status = 404
    default = "Record not found"


class Conflict(Refusal):
    """Somebody else changed the object at the same time."""

    status = 409
    default = "The record was changed by somebody else meanwhile"


class Gone(Refusal):
    """The object was here and will not come back."""

    status = 410
    default = "Record was deleted"


class TooLarge(Refusal):
    """The body exceeds what this route takes."""

    status = 413
    default = "The request is too large"


class Invalid(Refusal):
    """The request is well formed, but what it says is not acceptable."""

    status = 422
    default = "Validation failed"


class TooMany(Refusal):
    """A limit is exhausted; `retry_after` is in seconds."""

    status = 429
    default = "Too many requests"

    def __init__(
        self,
        sentence: str | None = None,
        *,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, headers=_with_retry(headers, retry_after))


class Unavailable(Refusal):
    """Something that we need is away for the moment; `retry_after` is in seconds."""

    status = 503
    default = "The service is temporarily unavailable"

    def __init__(
        self,
        sentence: str | None = None,
        *,
        retry_after: float | None = 5,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, headers=_with_retry(headers, retry_after))


def _with_retry(headers: Mapping[str, str] | None, retry_after: float | None) -> dict[str, str]:
    merged = dict(headers or {})
    if retry_after is not None:
        merged["Retry-After"] = str(max(1, round(retry_after)))
    return merged
