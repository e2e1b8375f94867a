"""The other offices: whom this one trusts and on which terms, and who knocks."""

from collections.abc import Sequence
from typing import Any, Final, cast
from urllib.parse import quote

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, page_route, read_query, submit
from fedimmp.permissions import Permission
from fedimmp.render.hosts import readable
from fedimmp.services import peer_overview, peer_previews, peering
from fedimmp.services.peer_overview import Finding
from storage.peers import Peer
from storage.trust_entries import PeerState, Terms

_KNOCKS_SHOWN: Final = 100
_LISTS: Final = ("networks", "media_hosts", "signing_hosts")
_SWITCHES: Final = ("public_feed", "media", "reports", "groups")


async def index(desk: Desk) -> web.StreamResponse:
    """List the offices on record, and what goes wrong between us."""
    found = await peer_overview.list_peers(desk.app)
    states = await peer_overview.delivery_states(desk.app)
    knocks = await peer_overview.list_knocks(desk.app, _KNOCKS_SHOWN)
    findings = await peer_overview.findings(desk.app)
    return desk.page(
        "peers.html",
        "peers",
        peers=found,
        states=states,
        names=_names([each.host for each in found]),
        findings=[each for each in findings if each.kind != "ends"],
        knocks=len(knocks),
    )


def _names(hosts: Sequence[str]) -> dict[str, str]:
    return {host: readable(host, hosts) for host in hosts}


async def show_new(desk: Desk) -> web.StreamResponse:
    """Show the form that allows another office."""
    form, filled = await read_query(desk)
    return _new(desk, Filled({"host": form.get("host") or ""}, status=filled.status))


def _new(desk: Desk, filled: Filled) -> web.Response:
    return desk.page("peer_new.html", "peers", status=filled.status, filled=filled)


async def add(desk: Desk) -> web.StreamResponse:
    """Allow another office."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        terms = Terms(networks=_lines(form["networks"]) or None, note=form["note"] or None)
        made = await peering.change_peer(
            desk.app, form["host"], "allowed", terms, actor=desk.visitor.username
        )
        return gone(_path(made.host), "added")

    async def again(filled: Filled) -> web.StreamResponse:
        return _new(desk, filled)

    return await submit(desk, work, again, dangerous=True)


async def show(desk: Desk) -> web.StreamResponse:
    """Show how another office stands, on which terms, and what goes wrong."""
    return await _show(desk, Filled())


async def _show(desk: Desk, filled: Filled) -> web.Response:
    peer = await peer_overview.get_peer(desk.app, desk.call.path("host"))
    states = await peer_overview.delivery_states(desk.app)
    if not filled.alert:
        filled = Filled(_typed(peer), status=filled.status)
    return desk.page(
        "peer.html",
        "peers",
        status=filled.status,
        filled=filled,
        peer=peer,
        name=readable(peer.host),
        state=states.get(peer.host),
        findings=await _findings(desk, peer),
        alike=(await peer_overview.look_alikes(desk.app, [peer.host])).get(peer.host),
    )


async def _findings(desk: Desk, peer: Peer) -> list[Finding]:
    return await peer_overview.findings(desk.app, peer.host)


def _typed(peer: Peer) -> dict[str, Any]:
    """Return how a peer's terms fill their form."""
    typed: dict[str, Any] = {name: "\n".join(getattr(peer, name)) for name in _LISTS}
    typed |= {name: "1" if getattr(peer, name) else "" for name in _SWITCHES}
    ends = peer.expires_at
    typed["expires_at"] = "" if ends is None else f"{ends:%Y-%m-%dT%H:%M}"
    return typed | {"note": peer.note, "signature_scheme": peer.signature_scheme}


async def change_terms(desk: Desk) -> web.StreamResponse:
    """Change on which terms another office is trusted."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        changed = await peering.change_peer(
            desk.app,
            desk.call.path("host"),
            None,
            _terms(form),
            actor=desk.visitor.username,
            version=form["version"],
        )
        return gone(_path(changed.host), "changed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _show(desk, filled)

    return await submit(desk, work, again, dangerous=True)


async def show_state(desk: Desk) -> web.StreamResponse:
    """Show what another state would cut, before it is done."""
    form, filled = await read_query(desk)
    return await _show_state(desk, form.get("state") or "removed", filled)


async def _show_state(desk: Desk, state: str, filled: Filled) -> web.Response:
    peer = await peer_overview.get_peer(desk.app, desk.call.path("host"))
    foreseen = "removed" if state == "forget" else state
    preview = await peer_previews.preview(desk.app, peer.host, cast("PeerState", foreseen))
    return desk.page(
        "peer_state.html",
        "peers",
        status=filled.status,
        filled=filled,
        peer=peer,
        name=readable(peer.host),
        state=state,
        lines=preview.lines() if state != "forget" else [],
    )


async def change_state(desk: Desk) -> web.StreamResponse:
    """Give another office another state, with all that follows."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        host, actor = desk.call.path("host"), desk.visitor.username
        state, version = form["state"], form["version"]
        if state == "forget":
            await peering.forget_peer(desk.app, host, actor=actor, version=version)
            return gone("/admin/peers", "done")
        changed = await peering.change_peer(
            desk.app, host, state, actor=actor, version=version, lift=state == "allowed"
        )
        return gone(_path(changed.host), "changed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _show_state(desk, filled.value("state", "removed"), filled)

    return await submit(desk, work, again, dangerous=True)


async def knocks(desk: Desk) -> web.StreamResponse:
    """List the hosts that were refused because they are not on the list."""
    return await _knocks(desk, Filled())


async def _knocks(desk: Desk, filled: Filled) -> web.Response:
    found = await peer_overview.list_knocks(desk.app, _KNOCKS_SHOWN)
    hosts = [each.host for each in found]
    return desk.page(
        "knocks.html",
        "peers",
        status=filled.status,
        filled=filled,
        knocks=found,
        names=_names(hosts),
        alike=await peer_overview.look_alikes(desk.app, hosts),
    )


async def answer_knock(desk: Desk) -> web.StreamResponse:
    """Allow, ignore or block a host that knocked."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        host, actor = form["host"], desk.visitor.username
        if form["act"] == "ignore":
            await peering.ignore_knocks(desk.app, host, actor=actor)
            return gone("/admin/knocks", "done")
        state: PeerState = "allowed" if form["act"] == "allow" else "blocked"
        changed = await peering.change_peer(desk.app, host, state, actor=actor)
        return gone(_path(changed.host), "changed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _knocks(desk, filled)

    sent = (await desk.call.params()).get("act")
    return await submit(desk, work, again, dangerous=sent != "ignore")


def _terms(form: dict[str, Any]) -> Terms:
    return Terms(
        networks=_lines(form["networks"]),
        media_hosts=_lines(form["media_hosts"]),
        signing_hosts=_lines(form["signing_hosts"]),
        note=form["note"],
        public_feed=bool(form["public_feed"]),
        media=bool(form["media"]),
        reports=bool(form["reports"]),
        groups=bool(form["groups"]),
        signature_scheme=form["signature_scheme"],
        expires_at=form["expires_at"] or "never",
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _path(host: str) -> str:
    return f"/admin/peers/{quote(host, safe='')}"


_MAY: Final = Permission.MANAGE_FEDERATION
_PEER: Final = "/admin/peers/{host}"

ROUTES: Final = (
    page_route("/admin/peers", _MAY, index),
    page_route("/admin/peers/new", _MAY, show_new, accepts=forms.PeerQuery()),
    act_route("/admin/peers/new", _MAY, add, accepts=forms.NewPeerForm()),
    page_route(_PEER, _MAY, show),
    act_route(_PEER, _MAY, change_terms, accepts=forms.TermsForm()),
    page_route(f"{_PEER}/state", _MAY, show_state, accepts=forms.StateQuery()),
    act_route(f"{_PEER}/state", _MAY, change_state, accepts=forms.StateForm()),
    page_route("/admin/knocks", _MAY, knocks),
    act_route("/admin/knocks", _MAY, answer_knock, accepts=forms.KnockForm()),
)
