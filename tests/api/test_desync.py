"""Requests that two servers would read differently: refused, and what follows is not looked at."""

import pytest
from aiohttp import http_parser, web_protocol

from tests.api.office import Office
from tests.api.raw import statuses_of

START = b"POST /oauth/token HTTP/1.1\r\nHost: $HOST\r\n"
HIDDEN = b"GET /api/v1/instance HTTP/1.1\r\nHost: $HOST\r\nConnection: close\r\n\r\n"


@pytest.fixture(
    params=[http_parser.HttpRequestParser, http_parser.HttpRequestParserPy], autouse=True
)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read requests with the compiled parser, and with the one of where there is no compiler."""
    monkeypatch.setattr(web_protocol, "HttpRequestParser", request.param)


@pytest.mark.sec("SEC-193")
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"Content-Length: +4\r\n\r\nabcd",
        b"Content-Length: 4 \x0b\r\n\r\nabcd",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: 1\nContent-Length: 0\r\n\r\n",
        b"X: 1\r\n folded\r\nContent-Length: 0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n",
    ],
)
async def test_an_ambiguous_length_is_refused(office: Office, headers: bytes) -> None:
    assert await statuses_of(office.url, START + headers + HIDDEN) == [400]


@pytest.mark.sec("SEC-193")
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 0\r\n\r\n",
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
async def test_a_plain_length_lets_the_next_request_through(office: Office, headers: bytes) -> None:
    assert await statuses_of(office.url, START + headers + HIDDEN) == [400, 200]
