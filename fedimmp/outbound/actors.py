"""Our own actors as peers see them, from rows."""

from activitypub.objects import Image
from activitypub.writing import OutgoingActor
from fedimmp.app import App
from storage import account_keys, accounts
from storage.accounts import Account, AccountView, Picture
from storage.database import Connection
from storage.errors import NotFound


async def outgoing_actor(conn: Connection, app: App, account_id: int) -> OutgoingActor:
    """Return one of our own actors with its public key, in two queries; raises NotFound."""
    view = (await accounts.load_views(conn, [account_id])).get(account_id)
    if view is None or not view.account.is_local:
        raise NotFound("There is no such account.")
    return _actor(app, view, await public_pem(conn, account_id))


async def public_pem(conn: Connection, account_id: int) -> str:
    """Return the public RSA key of an account; raises NotFound without one."""
    for key in await account_keys.list_public(conn, account_id):
        if key.algorithm == "rsa":
            return key.public_pem
    raise NotFound("This account has no key.")


def _actor(app: App, view: AccountView, pem: str) -> OutgoingActor:
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
        url=account.url,
        key_id=app.uris.rsa_key(account.uri),
        public_key_pem=pem,
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
