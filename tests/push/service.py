"""A push service, and the app behind it that reads the messages with another library."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import http_ece
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived: where, its headers, its body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class PushService:
    """Answers with `status` and keeps what it was sent."""

    status: int = 201
    retry_after: str | None = None
    received: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path, dict(request.headers), await request.read()))
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return web.Response(status=self.status, headers=headers)


@dataclass(slots=True)
class Phone:
    """An app with keys of its own."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def form(self, endpoint: str, *, standard: bool = True, **data: Any) -> dict[str, Any]:
        """Return the body of a subscription that wants everything unless `data` says otherwise."""
        keys = {"p256dh": base64url(self.point), "auth": base64url(self.auth)}
        alerts = dict.fromkeys(("mention", "favourite", "follow", "status"), True)
        return {
            "subscription": {"endpoint": endpoint, "keys": keys, "standard": standard},
            "data": {"alerts": alerts, **data},
        }

    def read(self, message: Received) -> dict[str, Any]:
        """Decrypt a message."""
        headers = message.headers
        if headers["Content-Encoding"] == "aes128gcm":
            text = http_ece.decrypt(message.body, private_key=self.private, auth_secret=self.auth)
        else:
            crypto = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
            text = http_ece.decrypt(
                message.body,
                salt=raw(headers["Encryption"].removeprefix("salt=")),
                dh=raw(crypto["dh"]),
                private_key=self.private,
                auth_secret=self.auth,
                version="aesgcm",
            )
        plain: dict[str, Any] = json.loads(text)
        return plain
