"""The hub: reads the log of events and hands each to the connections that may hear of it.

Events carry ids. They are rendered here, once per event and class of viewers, and whoever may not
see a status does not hear of it: home streams follow the home timeline's rows, public streams are
filtered by the same blocks and mutes as the timelines.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

import orjson

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


# Listeners told in one go before others get their turn.
_STRIDE: Final = 500


class Hub:
    """All open streams of this process and the one reader of the event log that feeds them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: set[Listener] = set()
        self._channels: dict[str, dict[Channel, set[Listener]]] = {}
        self._connections: Counter[int] = Counter()
        self._tokens_checked = monotonic()
        self.is_ready = False

    def connections_of(self, account_id: int) -> int:
        return self._connections[account_id]

    def join(self, listener: Listener) -> None:
        self._listeners.add(listener)
        self._connections[listener.account_id] += 1
        for channel in listener.channels:
            self._add(listener, channel)

    def leave(self, listener: Listener) -> None:
        if listener not in self._listeners:
            return
        self._listeners.discard(listener)
        self._connections[listener.account_id] -= 1
        if not self._connections[listener.account_id]:
            del self._connections[listener.account_id]
        for channel in tuple(listener.channels):
            self.unsubscribe(listener, channel)

    def subscribe(self, listener: Listener, channel: Channel) -> None:
        """Let a connection hear a channel, too, unless it has gone meanwhile."""
        if listener not in self._listeners:
            return
        listener.channels.add(channel)
        self._add(listener, channel)

    def unsubscribe(self, listener: Listener, channel: Channel) -> None:
        """Let a connection hear a channel no more."""
        listener.channels.discard(channel)
        named = self._channels.get(channel.name, {})
        if channel in named:
            named[channel].discard(listener)
            if not named[channel]:
                del named[channel]

    def _add(self, listener: Listener, channel: Channel) -> None:
        self._channels.setdefault(channel.name, {}).setdefault(channel, set()).add(listener)

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
                await self._delete(conn, event)
            case "notification":
                await self._notify(conn, event)
            case "conversation":
                await self._converse(conn, event)
            case "token.revoked" if event.subject_id is not None:
                self._close_tokens([event.subject_id])
            case _:
                self._relay(event)

    def _relay(self, event: Event) -> None:
        """Pass on what needs no rendering."""
        match event.kind:
            case "filters.changed":
                self._to_accounts(event, ("user",), Message("filters_changed", None))
            case "notifications_merged":
                message = Message("notifications_merged", "1")
                self._to_accounts(event, ("user", "user:notification"), message)
            case "announcement" | "announcement.reaction" | "announcement.delete":
                payload = event.detail.get("payload")
                text = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
                self._to_accounts(event, ("user",), Message(event.kind, text))

    def _listening(self, *names: str) -> dict[Channel, set[Listener]]:
        return {
            channel: listeners
            for name in names
            for channel, listeners in self._channels.get(name, {}).items()
        }

    def _to_accounts(self, event: Event, names: tuple[str, ...], message: Message) -> None:
        """Tell the accounts of the event, or all where it names none."""
        accounts = None if event.account_ids is None else set(event.account_ids)
        for channel, listeners in self._listening(*names).items():
            for listener in tuple(listeners):
                if accounts is None or listener.account_id in accounts:
                    listener.push(channel, message)

    async def _announce(self, conn: Connection, event: Event, name: str) -> None:
        """Send a new or edited status to the streams that it belongs to."""
        if event.subject_id is None:
            return
        audience = [*await self._home(conn, event), *await self._open(conn, event)]
        if name == "status.update":
            audience += await self._mentioned(conn, event)
        if not audience:
            return
        payloads = await rendering.status_payloads(
            self._app, conn, event.subject_id, {listener.account_id for _, listener in audience}
        )
        with_media = rendering.has_media(payloads)
        messages = {text: Message(name, text) for text in payloads.values()}
        for place, (channel, listener) in enumerate(audience):
            if channel.name.endswith(":media") and not with_media:
                continue
            if (text := payloads.get(listener.account_id)) is not None:
                listener.push(channel, messages[text])
            if place % _STRIDE == _STRIDE - 1:
                await asyncio.sleep(0)

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

    async def _mentioned(self, conn: Connection, event: Event) -> list[tuple[Channel, Listener]]:
        """Pair the notification streams of those who were told of a status with its edit."""
        named = set(event.detail.get("mentions") or ())
        found = [
            (channel, listener)
            for channel, group in self._listening("user", "user:notification").items()
            for listener in group
            if listener.account_id in named
        ]
        if not found or event.subject_id is None:
            return []
        readers = await stream_readers.home_readers(conn, event.subject_id, named)
        told = await stream_readers.told_of(conn, event.subject_id, named)
        # Who has it in the home timeline hears of it on the user's stream by that.
        return [
            (channel, listener)
            for channel, listener in found
            if listener.account_id in told
            and not (channel.name == "user" and listener.account_id in readers)
        ]

    async def _open(self, conn: Connection, event: Event) -> list[tuple[Channel, Listener]]:
        """Pair public and hashtag channels with those listeners who are not estranged."""
        found = [
            (channel, listener)
            for channel, group in self._public(event).items()
            for listener in group
        ]
        return await self._unless_estranged(conn, event, found)

    async def _unless_estranged(
        self, conn: Connection, event: Event, found: Sequence[tuple[Channel, Listener]]
    ) -> list[tuple[Channel, Listener]]:
        if not found:
            return []
        hidden = await stream_readers.estranged(
            conn,
            [int(event.detail.get("author", 0))],
            {listener.account_id for _, listener in found},
        )
        return [(channel, one) for channel, one in found if one.account_id not in hidden]

    def _public(self, event: Event) -> dict[Channel, set[Listener]]:
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

    async def _delete(self, conn: Connection, event: Event) -> None:
        message = Message("delete", str(event.subject_id))
        self._to_accounts(event, ("user", "list"), message)
        for channel, listener in await self._open(conn, event):
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
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
