"""Allowed and limited offices, and who may not register, as their entities for staff."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from fedimmp.entities.times import maybe_timestamp, timestamp
from storage.canonical_email_blocks import CanonicalEmailBlock
from storage.email_domain_blocks import EmailDomainBlock
from storage.ip_blocks import IpBlock
from storage.peer_limits import PeerLimit
from storage.peers import AllowedHost

# So many days of attempts are shown, today first.
DAYS: Final = 7


def domain_allow_entity(host: AllowedHost) -> dict[str, Any]:
    """Return the Admin::DomainAllow entity."""
    return {"id": str(host.id), "domain": host.host, "created_at": timestamp(host.created_at)}


def domain_block_entity(limit: PeerLimit) -> dict[str, Any]:
    """Return the Admin::DomainBlock entity."""
    return {
        "id": str(limit.id),
        "domain": limit.host,
        "digest": hashlib.sha256(limit.host.encode()).hexdigest(),
        "created_at": timestamp(limit.created_at),
        "severity": limit.severity,
        "reject_media": limit.reject_media,
        "reject_reports": limit.reject_reports,
        "private_comment": limit.private_comment,
        "public_comment": limit.public_comment,
        "obfuscate": limit.obfuscate,
    }


def email_domain_block_entities(
    blocks: Sequence[EmailDomainBlock],
    attempts: Mapping[int, Mapping[date, int]],
    today: date,
) -> list[dict[str, Any]]:
    """Return the Admin::EmailDomainBlock entities with a week of attempts to register."""
    days = [today - timedelta(days=back) for back in range(DAYS)]
    return [
        {
            "id": str(block.id),
            "domain": block.domain,
            "created_at": timestamp(block.created_at),
            "history": [_day(each, attempts.get(block.id, {}).get(each, 0)) for each in days],
            "allow_with_approval": block.allow_with_approval,
        }
        for block in blocks
    ]


def _day(day: date, count: int) -> dict[str, str]:
    midnight = datetime.combine(day, time(), UTC)
    return {"day": str(int(midnight.timestamp())), "accounts": str(count), "uses": str(count)}


def ip_block_entity(block: IpBlock) -> dict[str, Any]:
    """Return the Admin::IpBlock entity."""
    return {
        "id": str(block.id),
        "ip": block.network,
        "severity": block.severity,
        "comment": block.comment,
        "created_at": timestamp(block.created_at),
        "expires_at": maybe_timestamp(block.expires_at),
    }


def canonical_email_block_entity(block: CanonicalEmailBlock) -> dict[str, Any]:
    """Return the Admin::CanonicalEmailBlock entity."""
    return {"id": str(block.id), "canonical_email_hash": block.email_hash}
