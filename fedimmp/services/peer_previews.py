"""What a change of trust would cut, before it is made."""

from dataclasses import dataclass

from fedimmp.app import App
from fedimmp.services.peer_terms import check_pattern
from fedimmp.services.peering import drain_of
from storage import peer_holdings, trust
from storage.peer_holdings import Holdings
from storage.trust import Turn
from storage.trust_entries import PeerState


@dataclass(frozen=True, slots=True)
class Preview:
    """What giving a host or wildcard a state would do: how each host turns, and what is at stake.

    `holdings` counts what there is of the hosts that would end, or, where none would, of all that
    the pattern is about.
    """

    pattern: str
    state: PeerState
    turns: tuple[Turn, ...]
    holdings: Holdings

    @property
    def ended(self) -> list[str]:
        """The hosts whose people and posts would be seen no more."""
        return [turn.host for turn in self.turns if turn.ended]

    def lines(self) -> list[str]:
        """Return in plain words what would happen, and what is at stake."""
        found = self.holdings
        told = [
            f"people of theirs that are known here: {found.accounts}",
            f"their posts: {found.posts}",
            f"their files: {found.files} ({found.file_bytes / 1_000_000:.1f} MB)",
            f"follows of theirs: {found.followers}, of ours: {found.following}",
            f"members with such a follow: {found.members}",
            f"deliveries that wait for them: {found.deliveries}",
        ]
        if self.ended:
            told.append(
                "All of this is hidden and the follows end at once; the deliveries are dropped."
                " Allowed again in time, all but the deliveries comes back."
            )
        elif found.severed_follows:
            told.append(f"follows that would come back: {found.severed_follows}")
        elif self.state == "draining":
            told.append("Nothing new comes or goes; what is here stays readable.")
        return told


async def preview(app: App, pattern: str, state: PeerState) -> Preview:
    """Return what giving a host or wildcard this state would do; nothing is changed.

    Raises Invalid for what is no host, and for our own.
    """
    name = check_pattern(app, pattern)
    async with app.db.reader() as conn:
        turns = await trust.foresee(conn, name, state, app.now(), drain=drain_of(app))
        ended = [turn.host for turn in turns if turn.ended]
        hosts = ended or [turn.host for turn in turns]
        return Preview(name, state, tuple(turns), await peer_holdings.count(conn, hosts))
