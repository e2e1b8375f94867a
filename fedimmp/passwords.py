"""Passwords as argon2id hashes (RFC 9106), worked out in threads and at most two at once.

A hash takes 64 MiB and a tenth of a second by default, so the bound keeps a burst of sign-ins from
taking the machine. Who may sign in is decided elsewhere.
"""

import asyncio
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

MOST_AT_ONCE: Final = 2


class Passwords:
    """Hashes and verifies passwords at one cost, for one instance.

    `time_cost` is in passes, `memory_kib` in KiB for all lanes together, of which there are
    `parallelism`; tests choose all of them small.
    """

    def __init__(
        self, *, time_cost: int = 3, memory_kib: int = 65536, parallelism: int = 2
    ) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=time_cost,
            memory_cost=max(memory_kib, 8 * parallelism),
            parallelism=parallelism,
        )
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash to store for a password."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is the one that was hashed.

        Without a hash, for a member who does not exist, it takes as long and the answer is no, so
        that the time tells nothing.
        """
        expected = password_hash if password_hash is not None else await self._hash_of_nobody()
        async with self._slots:
            matches = await asyncio.to_thread(self._matches, expected, password)
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def _hash_of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = await self.hash("nobody")
        return self._nobody

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
