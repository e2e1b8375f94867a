"""Attacks on a draft-cavage signature, each beside a request that passes."""

import asyncio
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, post, refused, signed
from tests.federation.foreign import Foreign
from tests.federation.members import count
from tests.protocol.people import digest, pems, replaced


@pytest.mark.sec("SEC-001")
@pytest.mark.parametrize("target", ["/inbox", "/ap/users/1/inbox", "/actor/inbox"])
async def test_unsigned(hq: App, door: Door, porto: Foreign, target: str) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela), target=target)

    await refused(door, replaced(message, "Signature"))
    rubbish = Message("POST", target, replaced(message, "Signature").headers, b"{" * 1000)
    await refused(door, rubbish)

    assert porto.peer.seen == []
    assert await door.send(message) == 202


@pytest.mark.sec("SEC-002")
async def test_hmac_with_the_public_key(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    secret = pems("bela")[1].encode()

    def forge(string: bytes) -> bytes:
        return hmac.new(secret, string, hashlib.sha256).digest()

    await refused(
        door,
        signed(hq, bela, post(bela), signer=forge, parameters=[("algorithm", '"hmac-sha256"')]),
    )
    await refused(
        door, signed(hq, bela, post(bela), signer=forge, parameters=[("algorithm", '"hs2019"')])
    )


@pytest.mark.sec("SEC-003")
@pytest.mark.parametrize("name", ["none", "rsa-sha1", "ecdsa-sha256", "RSA-SHA256 ", ""])
async def test_other_algorithms(hq: App, door: Door, porto: Foreign, name: str) -> None:
    bela = porto.person("bela")

    await refused(door, signed(hq, bela, post(bela), parameters=[("algorithm", f'"{name}"')]))


@pytest.mark.sec("SEC-004")
@pytest.mark.parametrize("parameters", [[], [("algorithm", '"hs2019"')]])
async def test_algorithm_missing_or_hs2019(
    hq: App, door: Door, porto: Foreign, parameters: list[tuple[str, str]]
) -> None:
    bela = porto.person("bela")

    assert await door.send(signed(hq, bela, post(bela), parameters=parameters)) == 202


@pytest.mark.sec("SEC-005", "SEC-006")
@pytest.mark.parametrize(
    "covered",
    [
        "date",
        "(request-target) host date",
        "host date digest",
        "(request-target) digest",
        "(request-target) date digest",
    ],
)
async def test_too_little_covered(hq: App, door: Door, porto: Foreign, covered: str) -> None:
    bela = porto.person("bela")

    await refused(door, signed(hq, bela, post(bela), covered=covered))


@pytest.mark.sec("SEC-006")
async def test_body_replaced(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))
    other = message.body.replace(b"Bom dia", b"Mau dia")

    await refused(door, Message("POST", message.target, message.headers, other))
    matching = replaced(message, "Digest", digest(other))
    await refused(door, Message("POST", message.target, matching.headers, other))


@pytest.mark.sec("SEC-008")
@pytest.mark.parametrize(
    "value", ["{good},SHA-256={other}", "MD5=1B2M2Y8AsgTpgAmY7PhCfg==", "sha-512=abcd", "SHA-256="]
)
async def test_doubtful_digests(hq: App, door: Door, porto: Foreign, value: str) -> None:
    bela = porto.person("bela")
    activity = post(bela)
    good = digest(signed(hq, bela, activity).body)
    header = value.format(good=good, other=digest(b"")[8:])

    await refused(door, signed(hq, bela, activity, headers={"Digest": header}))


@pytest.mark.sec("SEC-009")
async def test_two_digest_lines(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))

    await refused(door, replaced(message, "Digest", digest(message.body), digest(b"other")))


@pytest.mark.sec("SEC-010")
async def test_two_signatures(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))
    good = message.header("Signature") or ""
    bad = good.replace("bela", "caio")

    await refused(door, replaced(message, "Signature", good, bad))
    await refused(door, replaced(message, "Signature", bad, good))


@pytest.mark.sec("SEC-012")
async def test_path_is_bound(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela), target="/ap/users/1/inbox")

    await refused(door, Message("POST", "/inbox", message.headers, message.body))
    assert await door.send(message) == 202


@pytest.mark.sec("SEC-013")
async def test_replay_from_another_host(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela), headers={"Host": "osaka.example"})

    await refused(door, message)
    await refused(door, replaced(message, "Host", hq.uris.host))


@pytest.mark.sec("SEC-014")
async def test_exact_replay(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))

    statuses = await asyncio.gather(*(door.send(message) for _ in range(10)))
    await settle(hq)

    assert set(statuses) == {202}
    assert await door.send(message) in (202, 409)
    await settle(hq)
    assert await count(hq, "inbox") == 1
    assert await count(hq, "statuses") == 1


@pytest.mark.sec("SEC-016")
@pytest.mark.parametrize(
    ("covered", "parameters"),
    [
        ("(request-target) host (created) digest", []),
        ("(request-target) host (created) digest", [("created", '"abc"')]),
        ("(request-target) host (created) digest", [("created", "-5")]),
        ("(request-target) host (created) digest", [("created", "1e30")]),
        (
            "(request-target) host (created) digest",
            [("algorithm", '"rsa-sha256"'), ("created", "{now}")],
        ),
        (
            "(request-target) host (created) (expires) digest",
            [("algorithm", '"hs2019"'), ("created", "{old}"), ("expires", "{far}")],
        ),
    ],
)
async def test_times_in_the_signature(
    hq: App, door: Door, porto: Foreign, covered: str, parameters: list[tuple[str, str]]
) -> None:
    bela = porto.person("bela")
    now = int(time.time())
    words = {"now": str(now), "old": str(now - 86_400), "far": str(now + 315_360_000)}
    filled = [(name, value.format(**words)) for name, value in parameters]
    pseudo = {f"({name})": value for name, value in filled if name != "algorithm"}
    pseudo = {"(created)": "0", "(expires)": "0"} | pseudo

    await refused(
        door, signed(hq, bela, post(bela), covered=covered, parameters=filled, pseudo=pseudo)
    )


@pytest.mark.sec("SEC-016")
@pytest.mark.parametrize("age", [timedelta(hours=2), timedelta(minutes=-10)])
async def test_date_out_of_the_window(hq: App, door: Door, porto: Foreign, age: timedelta) -> None:
    bela = porto.person("bela")
    date = format_datetime(datetime.now(UTC) - age, usegmt=True)

    await refused(door, signed(hq, bela, post(bela), headers={"Date": date}))


@pytest.mark.sec("SEC-030")
@pytest.mark.parametrize("text", ["AAAA AAAA", "AA-_", "A" * 1_000, "%%%%", ""])
async def test_signatures_that_are_no_base64(
    hq: App, door: Door, porto: Foreign, text: str
) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))
    header = (message.header("Signature") or "").rpartition('signature="')[0]

    await refused(door, replaced(message, "Signature", f'{header}signature="{text}"'))


@pytest.mark.sec("SEC-037")
@pytest.mark.parametrize("host", ["{name}.:{port}", "LOCALHOST:{port}", "a.example", "localhost"])
async def test_only_our_exact_host(hq: App, door: Door, porto: Foreign, host: str) -> None:
    bela = porto.person("bela")
    name, _, port = hq.uris.host.partition(":")
    other = {"Host": host.format(name=name, port=port)}

    await refused(door, signed(hq, bela, post(bela), headers=other))
    forwarded = replaced(
        signed(hq, bela, post(bela), headers=other), "X-Forwarded-Host", hq.uris.host
    )
    await refused(door, forwarded)


@pytest.mark.sec("SEC-030")
async def test_huge_headers(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, post(bela))
    header = (message.header("Signature") or "").rpartition('signature="')[0]

    huge = f'{header}signature="{"A" * 100_000}"'
    await refused(door, replaced(message, "Signature", huge), 400)
    assert await door.send(message) == 202
