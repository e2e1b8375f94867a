"""Our own actors as peers see them, from rows."""

from dataclasses import dataclass

from activitypub.objects import Image
from activitypub.signatures.multikey import multikey_of
from activitypub.writing import OutgoingActor
from fedimmp.app import App
from fedimmp.outbound.emojis import outgoing_emoji
from storage import account_keys, accounts
from storage.accounts import Account, AccountView, Picture
from storage.database import Connection
from storage.errors import NotFound


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What peers verify by: the RSA key as PEM, the Ed25519 key as publicKeyMultibase."""

    rsa_pem: str
    multikey: str


async def outgoing_actor(conn: Connection, app: App, account_id: int) -> OutgoingActor:
    """Return one of our own actors with its public keys; raises NotFound."""
    view = (await accounts.load_views(conn, [account_id])).get(account_id)
    if view is None or not view.account.is_local:
        raise NotFound("There is no such account.")
    moved_to = None
    if view.account.moved_to_id is not None:
        moved_to = (await accounts.uris_of(conn, [view.account.moved_to_id])).popitem()[1]
    return _actor(app, view, await public_keys(conn, account_id), moved_to)


async def public_keys(conn: Connection, account_id: int) -> PublicKeys:
    """Return the public keys of an account of ours; raises NotFound unless it has both."""
    pems = {
        key.algorithm: key.public_pem for key in await account_keys.list_public(conn, account_id)
    }
    if "rsa" not in pems or "ed25519" not in pems:
        raise NotFound("This account lacks a key.")
    return PublicKeys(pems["rsa"], multikey_of(pems["ed25519"]))


def _actor(app: App, view: AccountView, keys: PublicKeys, moved_to: str | None) -> OutgoingActor:
    account = view.account
    return OutgoingActor(
        uri=account.uri,
        type=account.actor_type,
        username=account.username,
        handle=f"{account.username}@{app.uris.host}",
        inbox=account.inbox_url,
        shared_inbox=app.uris.shared_inbox,
        outbox=app.uris.outbox(account.id),
        followers=app.uris.followers(account.id),
        following=app.uris.following(account.id),
        featured=app.uris.featured(account.id),
        featured_tags=app.uris.featured_tags(account.id),
        url=account.url,
        key_id=app.uris.rsa_key(account.uri),
        public_key_pem=keys.rsa_pem,
        multikey_id=app.uris.ed25519_key(account.uri),
        multikey=keys.multikey,
        name=account.display_name,
        summary_html=account.note,
        locked=account.locked,
        discoverable=account.discoverable,
        indexable=account.indexable,
        published=account.created_at,
        icon=_image(app, view.avatar),
        image=_image(app, view.header),
        fields=_fields(account),
        suspended=account.suspended_at is not None,
        also_known_as=account.also_known_as,
        moved_to=moved_to,
        emojis=[outgoing_emoji(app, each) for each in view.emojis],
        attribution_domains=account.attribution_domains,
    )


def _fields(account: Account) -> list[tuple[str, str]]:
    return [(str(field["name"]), str(field["value"])) for field in account.fields]


def _image(app: App, picture: Picture | None) -> Image | None:
    if picture is None:
        return None
    return Image(
        app.uris.file(picture.file_key, picture.content_type),
        picture.content_type,
        picture.description,
    )
