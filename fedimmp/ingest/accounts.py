"""An actor's verified document becomes an account with its keys."""

import html
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from activitypub.errors import Malformed
from activitypub.objects import Actor, Image
from activitypub.signatures.keys import load_public
from activitypub.uris import host_of
from fedimmp.app import App
from fedimmp.effects.accounts import account_deleted
from fedimmp.ingest.emojis import store_emojis
from fedimmp.ingest.files import discard_detached
from fedimmp.render.sanitise import clean_html, clean_text
from storage import account_keys, accounts, peers, remote_accounts, trust
from storage.account_keys import Algorithm, NewKey
from storage.accounts import RemoteAccount, RemotePicture
from storage.database import Transaction

_MAX_NAME = 500
_MAX_FIELD_NAME = 255
_MAX_DESCRIPTION = 1500


async def upsert_actor(tx: Transaction, app: App, actor: Actor, now: datetime) -> int:
    """Store or refresh a remote account and its keys; returns its id.

    The document came from the actor's own origin, or was signed by the actor, and its handle was
    checked. A deleted account stays as it is. A bare document, as offices show it to those whom
    they do not know, takes nothing away from what is stored. Raises Malformed for an actor of ours.
    """
    host = host_of(actor.id)
    if host == app.uris.host:
        raise Malformed("An actor of this instance cannot come from outside.")
    known = await accounts.find_by_uri(tx, actor.id)
    if known is not None and _is_bare(actor):
        account_id = known.id
    else:
        if known is None or known.deleted_at is None:
            await _retire_namesake(tx, app, actor, host, now)
        account_id = await accounts.upsert_remote(tx, _described(actor, host), now)
        if _is_bare(actor):
            await remote_accounts.mark_incomplete(tx, account_id)
        if known is not None:
            await discard_detached(tx, (known.avatar_id, known.header_id))
    await store_emojis(tx, [(host, actor.emojis)], now)
    await account_keys.replace_remote(tx, account_id, _usable_keys(actor), now)
    if known is None:
        await trust.meet(tx, host, now, drain=timedelta(days=app.config.federation.drain_days))
    if actor.shared_inbox is not None:
        await peers.learn(tx, host, shared_inbox_url=actor.shared_inbox)
    return account_id


async def _retire_namesake(
    tx: Transaction, app: App, actor: Actor, host: str, now: datetime
) -> None:
    """Let whoever had the actor's handle before be gone, with follows, posts and all.

    An office was set up anew, or gave the name to somebody else.
    """
    holder = await accounts.find_by_handle(tx, actor.username, host)
    if holder is None or holder.uri == actor.id:
        return
    if await accounts.set_deleted(tx, holder.id, now):
        await account_deleted(tx, app, [holder], now)


def _is_bare(actor: Actor) -> bool:
    return actor.outbox is None and actor.followers is None


def _described(actor: Actor, host: str) -> RemoteAccount:
    return RemoteAccount(
        uri=actor.id,
        username=actor.username,
        domain=host,
        url=actor.url or actor.id,
        inbox_url=actor.inbox,
        published=actor.published,
        actor_type=actor.type,
        shared_inbox_url=actor.shared_inbox,
        outbox_url=actor.outbox,
        followers_url=actor.followers,
        following_url=actor.following,
        featured_url=actor.featured,
        featured_tags_url=actor.featured_tags,
        display_name=clean_text(actor.name, _MAX_NAME),
        note=clean_html(actor.summary_html),
        fields=[_field(name, value) for name, value in actor.fields],
        locked=actor.locked,
        bot=actor.bot,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        avatar=_picture(actor.icon),
        header=_picture(actor.image),
        also_known_as=actor.also_known_as,
        moved_to_uri=actor.moved_to,
        suspended=actor.suspended,
        attribution_domains=actor.attribution_domains,
    )


def _field(name: str, value: str) -> dict[str, object]:
    # Names are text, yet some servers escape them as if they were HTML.
    return {
        "name": clean_text(html.unescape(name), _MAX_FIELD_NAME),
        "value": clean_html(value),
        "verified_at": None,
    }


def _picture(image: Image | None) -> RemotePicture | None:
    if image is None:
        return None
    return RemotePicture(
        image.url,
        content_type=image.media_type or "image/jpeg",
        description=clean_text(image.description, _MAX_DESCRIPTION),
    )


def _usable_keys(actor: Actor) -> list[NewKey]:
    """Return the keys that could verify a signature; others would only ever fail."""
    usable: dict[str, NewKey] = {}
    for key in actor.keys:
        try:
            parsed = load_public(key.pem)
        except Malformed:
            continue
        algorithm: Algorithm = "rsa" if isinstance(parsed, RSAPublicKey) else "ed25519"
        usable.setdefault(key.id, NewKey(key.id, algorithm, key.pem))
    return list(usable.values())
