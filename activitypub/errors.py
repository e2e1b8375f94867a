"""What can go wrong with a peer, its messages and its documents.

The text of each error is one sentence that may be shown to the peer and to administrators.
"""


class ProtocolError(Exception):
    """Any failure of the protocol; str() is one sentence."""


class Malformed(ProtocolError):
    """The input does not follow the protocol; trying again is useless."""


class NotAuthentic(ProtocolError):
    """The sender is not proved: no, a wrong or an unacceptable signature (401)."""


class NotTrusted(ProtocolError):
    """The host or the claim is refused, whoever signed it (403)."""


class Unreachable(ProtocolError):
    """A peer did not answer, or answered with an error; trying later may help.

    status is the HTTP status if there was an answer; retry_after is in seconds.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Gone(ProtocolError):
    """The peer says that the document does not exist (404) or exists no more (410)."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class TooLarge(ProtocolError):
    """A body exceeds its limit."""
