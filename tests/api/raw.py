"""Requests as bytes, for what no HTTP library would send."""

import asyncio
import re
from urllib.parse import urlsplit

_PATIENCE = 10.0


async def statuses_of(url: str, request: bytes) -> list[int]:
    """Send bytes to the office and return the statuses of its answers until it hangs up."""
    place = urlsplit(url)
    assert place.hostname is not None
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(request.replace(b"$HOST", place.netloc.encode()))
        async with asyncio.timeout(_PATIENCE):
            answer = await reader.read(-1)
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]
