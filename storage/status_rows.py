"""The row of a status, as every module that reads one sees it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from storage.database import Record

Visibility = Literal["public", "unlisted", "private", "direct"]


@dataclass(frozen=True, slots=True)
class Status:
    """A row of `statuses`; with `markdown` its text is Markdown."""

    id: int
    uri: str
    url: str | None
    account_id: int
    local: bool
    visibility: Visibility
    in_reply_to_id: int | None
    in_reply_to_uri: str | None
    in_reply_to_account_id: int | None
    reblog_of_id: int | None
    conversation_id: int | None
    sensitive: bool
    spoiler_text: str
    text: str
    content: str
    language: str | None
    application_id: int | None
    revision: int
    created_at: datetime
    edited_at: datetime | None
    fetched_at: datetime | None
    markdown: bool = False

    @classmethod
    def of(cls, row: Record | Mapping[str, Any]) -> Self:
        """Read a row that has these columns, and perhaps others."""
        return cls(**{name: row[name] for name in FIELDS})


FIELDS = tuple(field.name for field in dataclasses.fields(Status))


def columns(alias: str) -> str:
    """Return the columns of a Status for a SELECT from this alias."""
    return ", ".join(f"{alias}.{name}" for name in FIELDS)
