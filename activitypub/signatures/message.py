"""An HTTP request as the peer sent it: the thing that a signature covers."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A request on the wire.

    target is the raw path and query of the request line, before any decoding; headers are pairs
    in the order of the wire, a name may repeat; body is what arrived, before any decoding.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """Return the trimmed values of all header lines of this name, in their order."""
        wanted = name.lower()
        return [value.strip(" \t") for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return the lines of this name joined by a comma and a space, None if there are none."""
        found = self.values(name)
        return ", ".join(found) if found else None
