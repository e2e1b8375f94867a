"""The hub: reads the log of events and hands each to the connections that may hear of it.

Events carry ids. They are rendered here, once per event and class of viewers, and whoever may not
see a status does not hear of it: home streams follow the home timeline's rows, public streams are
filtered by the same blocks and mutes as the timelines.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

from fedimmp.app import App
from fedimmp.streaming import rendering
from fedimmp.streaming.channels import Channel
from fedimmp.streaming.listener import Listener, Message
from storage import stream_readers
from storage.database import Connection
from storage.errors import StorageError, Unavailable
from storage.events import Event, EventReader

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
TOKEN_CHECK_SECONDS = 30.0


class Hub:
    """All open streams of this process and the one reader of the event log that feeds them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: set[Listener] = set()
        self._tokens_checked = monotonic()
        self.is_ready = False

    def connections_of(self, account_id: int) -> int:
        return sum(1 for listener in self._listeners if listener.account_id == account_id)

    def join(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close_all(self, reason: str) -> None:
        for listener in tuple(self._listeners):
            listener.close(reason)

    async def run(self) -> None:
        """Read the log until cancelled. `is_ready` says that events from then on are not missed."""
        hint = self._app.db.subscribe("stream")
        reader: EventReader | None = None
        unheard: deque[Event] = deque()
        while True:
            try:
                async with self._app.db.reader() as conn:
                    if reader is None:
                        reader = await EventReader.at_end(conn)
                        self.is_ready = True
                    unheard.extend(await reader.read(conn, self._app.now()))
                    while unheard:
                        await self._tell(conn, unheard[0])
                        unheard.popleft()
                    await self._check_tokens(conn)
            except StorageError as error:
                # The database is away: no event is lost, those unheard are told when it is back.
                log.warning("The stream waits for the database: %s", error)
            except Exception:
                log.exception("The stream could not be read")
            await hint.wait(POLL_SECONDS)

    async def _tell(self, conn: Connection, event: Event) -> None:
        """Handle one event; a bug in that takes none of the others along."""
        try:
            await self._handle(conn, event)
        except Unavailable:
            raise
        except Exception:
            log.exception("An event could not be streamed")

    async def _check_tokens(self, conn: Connection) -> None:
        """Close what a missed event left open: nothing that guards access hangs on one message."""
        if not self._listeners or monotonic() - self._tokens_checked < TOKEN_CHECK_SECONDS:
            return
        self._tokens_checked = monotonic()
        tokens = {listener.token_id for listener in self._listeners}
        self._close_tokens(await stream_readers.dead_tokens(conn, tokens))

    def _close_tokens(self, token_ids: Iterable[int]) -> None:
        dead = set(token_ids)
        for listener in tuple(self._listeners):
            if listener.token_id in dead:
                listener.close("The access token was revoked.")

    async def _handle(self, conn: Connection, event: Event) -> None:
        if event.kind == "filters.changed":
            for account_id in event.account_ids or ():
                self._app.filters.forget(account_id)
        if not self._listeners:
            return
        match event.kind:
            case "status.published":
                await self._announce(conn, event, "update")
            case "status.edited":
                await self._announce(conn, event, "status.update")
            case "status.deleted":
                self._delete(event)
            case "notification":
                await self._notify(conn, event)
            case "notifications_merged":
                message = Message("notifications_merged", "1")
                self._to_accounts(event, ("user", "user:notification"), message)
            case "conversation":
                await self._converse(conn, event)
            case "filters.changed":
                self._to_accounts(event, ("user",), Message("filters_changed", None))
            case "token.revoked" if event.subject_id is not None:
                self._close_tokens([event.subject_id])

    def _listening(self, *names: str) -> dict[Channel, list[Listener]]:
        found: dict[Channel, list[Listener]] = {}
        for listener in self._listeners:
            for channel in listener.channels:
                if channel.name in names:
                    found.setdefault(channel, []).append(listener)
        return found

    def _to_accounts(self, event: Event, names: tuple[str, ...], message: Message) -> None:
        accounts = set(event.account_ids or ())
        for channel, listeners in self._listening(*names).items():
            for listener in listeners:
                if listener.account_id in accounts:
                    listener.push(channel, message)

    async def _announce(self, conn: Connection, event: Event, name: str) -> None:
        """Send a new or edited status to the streams that it belongs to."""
        if event.subject_id is None:
            return
        audience = [*await self._home(conn, event), *await self._open(conn, event)]
        if not audience:
            return
        payloads = await rendering.status_payloads(
            self._app, conn, event.subject_id, {listener.account_id for _, listener in audience}
        )
        with_media = rendering.has_media(payloads)
        messages = {text: Message(name, text) for text in payloads.values()}
        for channel, listener in audience:
            if channel.name.endswith(":media") and not with_media:
                continue
            if (text := payloads.get(listener.account_id)) is not None:
                listener.push(channel, messages[text])

    async def _home(self, conn: Connection, event: Event) -> list[tuple[Channel, Listener]]:
        listening = self._listening("user", "list")
        accounts = {one.account_id for group in listening.values() for one in group}
        if not accounts or event.subject_id is None:
            return []
        readers = await stream_readers.home_readers(conn, event.subject_id, accounts)
        lists = {int(c.argument) for c in listening if c.name == "list" and c.argument}
        author = int(event.detail.get("author", 0))
        joined = await stream_readers.lists_with(conn, author, lists) if lists else frozenset()
        return [
            (channel, listener)
            for channel, group in listening.items()
            if channel.name == "user" or int(channel.argument or 0) in joined
            for listener in group
            if listener.account_id in readers
        ]

    async def _open(self, conn: Connection, event: Event) -> list[tuple[Channel, Listener]]:
        """Pair public and hashtag channels with those listeners who are not estranged."""
        found = [
            (channel, listener)
            for channel, group in self._public(event).items()
            for listener in group
        ]
        if not found:
            return []
        hidden = await stream_readers.estranged(
            conn,
            [int(event.detail.get("author", 0))],
            {listener.account_id for _, listener in found},
        )
        return [(channel, one) for channel, one in found if one.account_id not in hidden]

    def _public(self, event: Event) -> dict[Channel, list[Listener]]:
        detail = event.detail
        if detail.get("visibility") != "public" or detail.get("reblog"):
            return {}
        side = "local" if detail.get("local") else "remote"
        names = [] if detail.get("reply") else ["public", f"public:{side}", "public:media"]
        if names:
            names.append(f"public:{side}:media")
        found = self._listening(*names)
        tags = set(detail.get("tags") or ())
        wanted = ("hashtag", "hashtag:local") if side == "local" else ("hashtag",)
        tagged = self._listening(*wanted) if tags else {}
        found.update({c: group for c, group in tagged.items() if c.argument in tags})
        return found

    def _delete(self, event: Event) -> None:
        message = Message("delete", str(event.subject_id))
        self._to_accounts(event, ("user", "list"), message)
        for channel, group in self._public(event).items():
            for listener in group:
                listener.push(channel, message)

    async def _notify(self, conn: Connection, event: Event) -> None:
        connected = {listener.account_id for listener in self._listeners}
        for account_id in connected.intersection(event.account_ids or ()):
            text = await rendering.notification_payload(
                self._app, conn, event.subject_id or 0, account_id
            )
            if text is not None:
                only = Event(
                    event.id, event.kind, event.subject_id, [account_id], {}, event.created_at
                )
                message = Message("notification", text)
                self._to_accounts(only, ("user", "user:notification"), message)

    async def _converse(self, conn: Connection, event: Event) -> None:
        listening = self._listening("direct")
        accounts = {one.account_id for group in listening.values() for one in group}
        for account_id in accounts.intersection(event.account_ids or ()):
            text = await rendering.conversation_payload(
                self._app, conn, event.subject_id or 0, account_id
            )
            if text is not None:
                only = Event(
                    event.id, event.kind, event.subject_id, [account_id], {}, event.created_at
                )
                self._to_accounts(only, ("direct",), Message("conversation", text))


async def stop(task: "asyncio.Task[None]") -> None:
    """Cancel the hub's task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
