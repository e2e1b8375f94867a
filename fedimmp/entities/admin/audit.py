"""Entries of the audit log: Admin::AuditEntry."""

from typing import Any

from fedimmp.entities.times import timestamp
from storage.audit import Entry


def audit_entry_entity(entry: Entry) -> dict[str, Any]:
    """Return one Admin::AuditEntry; its id is its place in the chain, its hash that of the link."""
    return {
        "id": str(entry.id),
        "created_at": timestamp(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "hash": entry.hash.hex(),
    }
