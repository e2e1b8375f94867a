"""An HTTP request as the peer sent it: the thing that a signature covers."""

from collections.abc import Sequence
from dataclasses import dataclass, field


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
    _lines: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lines: dict[str, list[str]] = {}
        for name, value in self.headers:
            lowered = name.lower()
            if lowered in lines:
                lines[lowered].append(value.strip(" \t"))
            else:
                lines[lowered] = [value.strip(" \t")]
        object.__setattr__(self, "_lines", lines)

    def values(self, name: str) -> list[str]:
        """Return the trimmed values of all header lines of this name, in their order."""
        return list(self._lines.get(name.lower(), ()))

    def header(self, name: str) -> str | None:
        """Return the lines of this name joined by a comma and a space, None if there are none."""
        found = self._lines.get(name.lower())
        if found is None:
            return None
        return found[0] if len(found) == 1 else ", ".join(found)
