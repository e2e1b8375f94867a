"""Attacks on a signature of RFC 9421, each beside a request that passes."""

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, modern_signed, post, refused
from tests.federation.foreign import Foreign
from tests.federation.members import count
from tests.protocol.people import content_digest, ed25519, pems, replaced

USUAL = ';created={created};keyid="{key_id}"'


@pytest.mark.sec("SEC-001", "SEC-032")
@pytest.mark.parametrize("target", ["/inbox", "/ap/users/1/inbox", "/actor/inbox"])
async def test_half_of_a_signature(hq: App, door: Door, porto: Foreign, target: str) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela), target=target)

    await refused(door, replaced(message, "Signature"))
    await refused(door, replaced(message, "Signature-Input"))

    assert porto.peer.seen == []
    assert await door.send(message) == 202


@pytest.mark.sec("SEC-002", "SEC-003", "SEC-032")
@pytest.mark.parametrize(
    "name", ["hmac-sha256", "none", "rsa-pss-sha512", "ecdsa-p256-sha256", "ed25519", ""]
)
async def test_another_algorithm(hq: App, door: Door, porto: Foreign, name: str) -> None:
    bela = porto.person("bela")
    secret = pems("bela")[1].encode()

    def forge(string: bytes) -> bytes:
        return hmac.new(secret, string, hashlib.sha256).digest()

    named = f'{USUAL};alg="{name}"'
    await refused(door, modern_signed(hq, bela, post(bela), parameters=named, signer=forge))
    await refused(door, modern_signed(hq, bela, post(bela), parameters=named))
    await refused(door, modern_signed(hq, bela, post(bela), signer=ed25519("bela")))


@pytest.mark.sec("SEC-004")
@pytest.mark.parametrize("more", ["", ';alg="rsa-v1_5-sha256"', ';nonce="n";tag="t"'])
async def test_the_parameters_of_the_field(hq: App, door: Door, porto: Foreign, more: str) -> None:
    bela = porto.person("bela")

    assert await door.send(modern_signed(hq, bela, post(bela), parameters=USUAL + more)) == 202


@pytest.mark.sec("SEC-005", "SEC-006", "SEC-032")
@pytest.mark.parametrize(
    "covered",
    [
        "",
        '"date"',
        '"@method" "@target-uri"',
        '"@method" "content-digest"',
        '"@target-uri" "content-digest"',
        '"@method" "@authority" "@path" "content-digest"',
        '"@method";req "@target-uri" "content-digest"',
        '"@method" "@target-uri" "content-digest" "@query-param";name="a"',
        '"@method" "@target-uri" "content-digest" "@status"',
        '"@method" "@target-uri" "content-digest" "x-missing"',
        '"@method" "@target-uri" "content-digest" "content-digest"',
    ],
)
async def test_what_is_covered(hq: App, door: Door, porto: Foreign, covered: str) -> None:
    bela = porto.person("bela")

    await refused(door, modern_signed(hq, bela, post(bela), covered=covered))


@pytest.mark.sec("SEC-006")
async def test_body_replaced(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))
    other = message.body.replace(b"Bom dia", b"Mau dia")

    await refused(door, Message("POST", message.target, message.headers, other))
    matching = replaced(message, "Content-Digest", content_digest(other))
    await refused(door, Message("POST", message.target, matching.headers, other))


@pytest.mark.sec("SEC-008", "SEC-032")
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("sha-256=:bad:", 401),
        ("sha-256=:%:", 400),
        ("=", 400),
        ("sha-512=:AAAA:", 401),
        ("{good}, sha-256=:AAAA:", 401),
        ("sha-256=:AAAA:, {good}", 401),
        ("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", 401),
        ("sha-256=text", 401),
        ("", 401),
    ],
)
async def test_doubtful_digests(
    hq: App, door: Door, porto: Foreign, value: str, status: int
) -> None:
    bela = porto.person("bela")
    activity = post(bela)
    good = modern_signed(hq, bela, activity).header("Content-Digest")
    header = {"Content-Digest": value.format(good=good)}

    await refused(door, modern_signed(hq, bela, activity, headers=header), status)


@pytest.mark.sec("SEC-009", "SEC-032")
async def test_two_digest_lines(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))
    good = message.header("Content-Digest") or ""

    await refused(door, replaced(message, "Content-Digest", good, content_digest(b"other")))
    await refused(door, replaced(message, "Content-Digest", content_digest(b"other"), good))


@pytest.mark.sec("SEC-010", "SEC-032")
async def test_two_signatures(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))
    inputs, good = message.header("Signature-Input") or "", message.header("Signature") or ""
    second, bad = inputs.replace("sig1=", "sig2="), "sig2=:AAAA:"

    for ordered in ((inputs, second), (second, inputs)):
        for signatures in ((good, bad), (bad, good)):
            twice = replaced(message, "Signature-Input", *ordered)
            await refused(door, replaced(twice, "Signature", *signatures))
    await refused(door, replaced(message, "Signature", bad))
    await refused(door, replaced(message, "Signature", good, good))
    await refused(door, replaced(message, "Signature", good.replace("sig1", "sig2")))


@pytest.mark.sec("SEC-012")
async def test_path_and_query_are_bound(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela), target="/ap/users/1/inbox")

    await refused(door, Message("POST", "/inbox", message.headers, message.body))
    query = Message("POST", f"{message.target}?x=1", message.headers, message.body)
    await refused(door, query)
    assert await door.send(message) == 202


@pytest.mark.sec("SEC-013", "SEC-032", "SEC-037")
async def test_a_request_for_another_host(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    covered = '"@method" "@target-uri" "@authority" "content-digest"'
    for origin in ("https://osaka.example", f"https://{hq.uris.host}"):
        message = modern_signed(hq, bela, post(bela), origin=origin, covered=covered)
        await refused(door, message)
        await refused(door, replaced(message, "Host", hq.uris.host))
        forwarded = replaced(message, "X-Forwarded-Host", hq.uris.host)
        await refused(door, replaced(forwarded, "X-Forwarded-Proto", "https"))
    assert await door.send(modern_signed(hq, bela, post(bela), covered=covered)) == 202


@pytest.mark.sec("SEC-014")
async def test_exact_replay(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))

    statuses = await asyncio.gather(*(door.send(message) for _ in range(10)))
    await settle(hq)

    assert set(statuses) == {202}
    assert await door.send(message) in (202, 409)
    await settle(hq)
    assert await count(hq, "inbox") == 1
    assert await count(hq, "statuses") == 1


@pytest.mark.sec("SEC-016", "SEC-032")
@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        (';keyid="{key_id}"', 401),
        (";created={created}", 401),
        (';created="abc";keyid="{key_id}"', 401),
        (';created=-5;keyid="{key_id}"', 401),
        (';created=1e30;keyid="{key_id}"', 400),
        (f'{USUAL};expires="soon"', 401),
        (f"{USUAL};expires=1000000000", 401),
        (f"{USUAL};unknown", 401),
        (f"{USUAL};created=1", 401),
    ],
)
async def test_times_and_parameters(
    hq: App, door: Door, porto: Foreign, parameters: str, status: int
) -> None:
    bela = porto.person("bela")

    await refused(door, modern_signed(hq, bela, post(bela), parameters=parameters), status)


@pytest.mark.sec("SEC-016", "SEC-032")
@pytest.mark.parametrize("age", [timedelta(hours=2), timedelta(minutes=-10)])
async def test_created_out_of_the_window(
    hq: App, door: Door, porto: Foreign, age: timedelta
) -> None:
    bela = porto.person("bela")
    forever = f"{USUAL};expires=9999999999"
    when = datetime.now(UTC) - age

    await refused(door, modern_signed(hq, bela, post(bela), now=when, parameters=forever))


@pytest.mark.sec("SEC-030", "SEC-032")
@pytest.mark.parametrize(
    ("text", "status"), [("AAAA AAAA", 400), ("AA-_", 400), ("A" * 4_000, 401), ("%%", 400)]
)
async def test_signatures_that_are_no_base64(
    hq: App, door: Door, porto: Foreign, text: str, status: int
) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))

    await refused(door, replaced(message, "Signature", f"sig1=:{text}:"), status)


@pytest.mark.sec("SEC-032")
async def test_what_is_no_structured_field(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = modern_signed(hq, bela, post(bela))

    for value in ("sig1=(", "sig1=(" * 1000, "SIG=()", "sig1=();;", 'sig1=("a)', "\xfc=()"):
        await refused(door, replaced(message, "Signature-Input", value), 400)
    for value in ("sig1=:AA", "sig1=:AA:;", "=:AA:", 'keyId="x",signature="y"'):
        await refused(door, replaced(message, "Signature", value), 400)
    assert await door.send(message) == 202
