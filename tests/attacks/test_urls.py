"""URLs that two programs may read differently, and requests that are exactly what was read."""

import pytest

from fedimmp.services import discovery
from tests.attacks.door import Door
from tests.attacks.outbound import Watch, lead_to, own_ports
from tests.federation.foreign import Foreign
from tests.federation.members import member

# {host} is an allowed peer, {evil} nobody that we know.
AMBIGUOUS = (
    "http://{host}\r\nX-Injected: 1/x",
    "http://{host}/x\r\nHost: {evil}\r\n\r\n",
    "http://{host}/\tx",
    "http://{host}/ x",
    "http://{host}/x\0y",
    "http://{host}\\.{evil}/x",
    "http://{host}/\\{evil}/x",
    "http://{host}#@{evil}/x",
    "http://{evil}#@{host}/x",
    "http://{evil}%2f@{host}/x",
    "http://{host}%2f.{evil}/x",
    "http://{host}%00.{evil}/x",
    "http://{host}:80@{evil}/x",
    "http://{host}?@{evil}/x",
    "http:/\\{host}/x",
    "http:///{host}/x",
    "http:{host}/x",
    "HTTP://{evil}/x",
    "http://{host}/%zz",
    "http://[{host}]/x",
    "http://{host}/\u202e",
    "http://{host}/\ufeff",
    " http://{evil}/x",
)


@pytest.mark.sec("SEC-049")
async def test_an_ambiguous_url_leads_nowhere(
    door: Door, porto: Foreign, evil: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    watch = Watch(monkeypatch)

    for template in AMBIGUOUS:
        await lead_to(door, ana, bela, template.format(host=porto.host, evil=evil.host))

    assert watch.beside(*own_ports(door.app, porto.host)) == set()
    odd = [each.target for each in porto.peer.seen if not _is_plain(each.target)]
    assert odd == []


def _is_plain(target: str) -> bool:
    return target.isascii() and target.isprintable() and not set(target) & set(' \\"<>^`{|}')


@pytest.mark.sec("SEC-049")
@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/notes/1?a=b&c=%2F%3f", "/notes/1?a=b&c=%2F%3f"),
        ("/notes/%2e%2e/1", "/notes/%2e%2e/1"),
        ("/notes/../1", "/notes/../1"),
        ("//notes//1", "//notes//1"),
        ("/notes/ü", "/notes/%C3%BC"),
        ("/notes/1#part", "/notes/1"),
        ("/notes/1;p=(x)'*", "/notes/1;p=(x)'*"),
        ("?q=1", "/?q=1"),
        ("", "/"),
    ],
)
async def test_a_request_is_what_was_read(
    door: Door, porto: Foreign, written: str, asked: str
) -> None:
    assert await discovery.status_by_uri(door.app, porto.peer.origin + written) is None

    (request, *again) = porto.peer.seen
    assert request.target == asked
    assert dict(request.headers)["Host"] == porto.host
    assert {each.target for each in again} <= {asked}
