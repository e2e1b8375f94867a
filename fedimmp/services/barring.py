"""Who may not register, and who may not come at all: blocks of e-mail addresses and networks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

from activitypub.errors import Malformed
from activitypub.uris import check_host
from fedimmp.app import App
from fedimmp.effects.moderation import recorded
from fedimmp.errors import Forbidden, Invalid, NotFound
from fedimmp.services.moderating import staff_of
from storage import canonical_email_blocks, email_domain_blocks, ip_blocks
from storage.canonical_email_blocks import CanonicalEmailBlock
from storage.email_domain_blocks import EmailDomainBlock
from storage.errors import Conflict, StorageError
from storage.ip_blocks import IpBlock, Severity

Address = IPv4Address | IPv6Address

_TAKEN = "Validation failed: It is blocked already"


async def check_address(app: App, address: Address | None) -> None:
    """Raise Forbidden for an address from which nobody may come.

    What is known is at most a second old; while the database is away, it is what was known before.
    """
    if app.barred.claim():
        await _look_again(app)
    if address is not None and any(address in each for each in app.barred.networks or ()):
        raise Forbidden("Nobody may come from this network")


async def _look_again(app: App) -> None:
    try:
        async with app.db.reader() as conn:
            found = await ip_blocks.barred_networks(conn, app.now())
    except StorageError:
        return
    app.barred.networks = tuple(ip_network(each) for each in found)


async def block_email_domain(
    app: App, staff_id: int, domain: str, *, allow_with_approval: bool
) -> EmailDomainBlock:
    """Let nobody register with an address of a domain, or only after a look. Raises Invalid."""
    try:
        name = check_host(domain.strip().lower())
    except Malformed as error:
        raise Invalid("Validation failed: Domain is not a domain name") from error
    if ":" in name:
        raise Invalid("Validation failed: Domain of an address has no port")
    async with app.db.writer() as tx:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        made = await email_domain_blocks.insert(
            tx, name, allow_with_approval=allow_with_approval, now=now
        )
        if made is None:
            raise Invalid(_TAKEN)
        await recorded(tx, staff, "email_domain.block", name, now)
    return made


async def unblock_email_domain(app: App, staff_id: int, block_id: int) -> None:
    """Lift the block of a domain; raises NotFound."""
    async with app.db.writer() as tx:
        staff = await staff_of(tx, staff_id)
        gone = await email_domain_blocks.delete(tx, block_id)
        if gone is None:
            raise NotFound
        await recorded(tx, staff, "email_domain.unblock", gone.domain, app.now())


async def block_network(
    app: App,
    staff_id: int,
    network: str,
    *,
    severity: Severity,
    comment: str,
    expires_in: int | None,
    own_address: Address | None,
) -> IpBlock:
    """Block a network, for some seconds or for ever.

    `own_address` is from where this is asked: nobody shuts themselves out. Raises Invalid.
    """
    _check_network(network, severity, own_address)
    async with app.db.writer() as tx:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        made = await ip_blocks.insert(
            tx,
            network,
            severity=severity,
            comment=comment,
            expires_at=_expiry(now, expires_in),
            now=now,
        )
        if made is None:
            raise Invalid(_TAKEN)
        await recorded(tx, staff, "network.block", network, now, severity=severity)
    return made


async def change_network_block(
    app: App,
    staff_id: int,
    block_id: int,
    changes: Mapping[str, object],
    *,
    expires_in: int | None,
    own_address: Address | None,
) -> IpBlock:
    """Change a block; `expires_in` counts anew from now on, 0 ends it. Raises NotFound, Invalid."""
    now = app.now()
    given = dict(changes)
    if expires_in is not None:
        given["expires_at"] = _expiry(now, expires_in)
    try:
        async with app.db.writer() as tx:
            staff = await staff_of(tx, staff_id)
            changed = await ip_blocks.update(tx, block_id, given)
            if changed is None:
                raise NotFound
            _check_network(changed.network, changed.severity, own_address)
            await recorded(tx, staff, "network.change", changed.network, now)
    except Conflict as error:
        raise Invalid(_TAKEN) from error
    return changed


async def unblock_network(app: App, staff_id: int, block_id: int) -> None:
    """Lift the block of a network; raises NotFound."""
    async with app.db.writer() as tx:
        staff = await staff_of(tx, staff_id)
        gone = await ip_blocks.delete(tx, block_id)
        if gone is None:
            raise NotFound
        await recorded(tx, staff, "network.unblock", gone.network, app.now())


async def block_email(app: App, staff_id: int, email_hash: str) -> CanonicalEmailBlock:
    """Let nobody register with the address of a hash. Raises Invalid."""
    async with app.db.writer() as tx:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        made = await canonical_email_blocks.insert(tx, email_hash, now)
        if made is None:
            raise Invalid(_TAKEN)
        await recorded(tx, staff, "email.block", email_hash, now)
    return made


async def unblock_email(app: App, staff_id: int, block_id: int) -> None:
    """Lift the block of an address; raises NotFound."""
    async with app.db.writer() as tx:
        staff = await staff_of(tx, staff_id)
        gone = await canonical_email_blocks.delete(tx, block_id)
        if gone is None:
            raise NotFound
        await recorded(tx, staff, "email.unblock", gone.email_hash, app.now())


def _check_network(network: str, severity: Severity, own_address: Address | None) -> None:
    shuts_out = severity == "no_access" and own_address is not None
    if shuts_out and own_address in ip_network(network):
        raise Invalid("Validation failed: You are in this network yourself")


def _expiry(now: datetime, expires_in: int | None) -> datetime | None:
    return None if expires_in is None else now + timedelta(seconds=expires_in)
