"""Documents: what the worst ones below the limit cost before they are accepted or refused."""

import time
from collections.abc import Iterable

import orjson

from activitypub.documents import MAX_BYTES
from activitypub.errors import Malformed
from activitypub.vocabulary import AS2
from fedimmp.inbound.reading import parse_activity
from tests.live import Office

ROUNDS = 5
_HEAD = (
    b'{"@context":["' + AS2.encode() + b'"%s],"id":"https://a.example/1","type":"Create",'
    b'"actor":"https://a.example/2","object":'
)
_HOST = b"https://a.example"
# It gives a usual term a second name, so that the document is expanded and compacted.
_UNUSUAL = b',{"x":"https://www.w3.org/ns/activitystreams#content"}'


def _around(inner: bytes, *, context: bytes = b"") -> bytes:
    return _HEAD % context + inner + b"}"


def _listed(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def worst() -> dict[str, bytes]:
    """Return documents that each make one part of the reading work hard."""
    texts = MAX_BYTES - 200
    people = [b'"%s/%d"' % (_HOST, n) for n in range(30_000)]
    odd = [b'"https://A.example/%d/%s"' % (n, "\u6f22".encode() * 330) for n in range(1000)]
    linked = b'{"type":"Note","to":' + _listed(people[:280]) + b"}"
    tags = _listed(b'{"id":%s,"type":"Note"}' % each for each in people[:95])
    return {
        "texts that look like keys": _around(b'"' + b'\\":' * (texts // 3) + b'"'),
        "escapes": _around(b'"' + b"\\n" * (texts // 2) + b'"'),
        "33,000 objects": _around(_listed([b'{"a":1}'] * 33_000)),
        "99,000 texts": _around(_listed([b'""'] * 99_000)),
        "49,000 keys": _around(b"{" + b",".join(b'"%d":1' % n for n in range(49_000)) + b"}"),
        "500,000 numbers": _around(_listed([b"1"] * 500_000)),
        "30,000 recipients": _around(b'{"type":"Note"},"to":' + _listed(people)),
        "1,000 odd addresses": _around(b'{"type":"Note"},"to":' + _listed(odd)),
        "contexts everywhere": _around(_listed([b'{"@context":{"q":"w"}}'] * 24_000)),
        "expanded: 280 recipients": _around(linked, context=_UNUSUAL),
        "expanded: 95 objects": _around(b'{"tag":' + tags + b"}", context=_UNUSUAL),
        "expanded: 300 contexts": _around(b"{}", context=_UNUSUAL + b',"as:"' * 300),
    }


async def measure_documents(_office: Office) -> None:
    """Print the CPU time of each, the best of some rounds."""
    usual = _around(orjson.dumps({"type": "Note", "content": "x" * 1000, "to": f"{AS2}#Public"}))
    for name, body in {"a usual post": usual, **worst()}.items():
        answer, spent = "accepted", []
        for _ in range(ROUNDS):
            began = time.process_time()
            try:
                parse_activity(body)
            except Malformed as error:
                answer = str(error)
            spent.append(time.process_time() - began)
        print(
            f"{'document: ' + name:38} {min(spent) * 1000:7.2f} ms of CPU"
            f"   {len(body):8} bytes   {answer}",
            flush=True,
        )
