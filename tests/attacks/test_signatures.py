"""Attacks on the signature of an activity (SEC-001 to 037), each beside a request that passes."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.services import peering
from fedimmp.workers.settle import settle
from storage import accounts
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign, Person
from tests.federation.members import account_id, count, status_of
from tests.protocol.people import digest, pems, replaced, rsa


async def _refused(door: Door, message: Message, *statuses: int) -> None:
    """Assert that a request is refused without a trace."""
    assert await door.send(message) in (statuses or (401,))
    assert await count(door.app, "inbox") == 0
    assert await count(door.app, "statuses") == 0


def _post(person: Person) -> dict[str, Any]:
    return person.create(person.note())


async def test_001_unsigned(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))

    await _refused(door, replaced(message, "Signature"))

    assert porto.peer.seen == []
    assert await door.send(message) == 202


async def test_002_hmac_with_the_public_key(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    secret = pems("bela")[1].encode()

    def forge(string: bytes) -> bytes:
        return hmac.new(secret, string, hashlib.sha256).digest()

    await _refused(
        door,
        signed(hq, bela, _post(bela), signer=forge, parameters=[("algorithm", '"hmac-sha256"')]),
    )
    await _refused(
        door, signed(hq, bela, _post(bela), signer=forge, parameters=[("algorithm", '"hs2019"')])
    )


@pytest.mark.parametrize("name", ["none", "rsa-sha1", "ecdsa-sha256", "RSA-SHA256 ", ""])
async def test_003_other_algorithms(hq: App, door: Door, porto: Foreign, name: str) -> None:
    bela = porto.person("bela")

    await _refused(door, signed(hq, bela, _post(bela), parameters=[("algorithm", f'"{name}"')]))


@pytest.mark.parametrize("parameters", [[], [("algorithm", '"hs2019"')]])
async def test_004_algorithm_missing_or_hs2019(
    hq: App, door: Door, porto: Foreign, parameters: list[tuple[str, str]]
) -> None:
    bela = porto.person("bela")

    assert await door.send(signed(hq, bela, _post(bela), parameters=parameters)) == 202


@pytest.mark.parametrize(
    "covered", ["date", "(request-target) host date", "host date digest", "(request-target) digest"]
)
async def test_005_and_006_too_little_covered(
    hq: App, door: Door, porto: Foreign, covered: str
) -> None:
    bela = porto.person("bela")

    await _refused(door, signed(hq, bela, _post(bela), covered=covered))


async def test_006_body_replaced(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))
    other = message.body.replace(b"Bom dia", b"Mau dia")

    await _refused(door, Message("POST", message.target, message.headers, other))
    matching = replaced(message, "Digest", digest(other))
    await _refused(door, Message("POST", message.target, matching.headers, other))


@pytest.mark.parametrize(
    "value", ["{good},SHA-256={other}", "MD5=1B2M2Y8AsgTpgAmY7PhCfg==", "sha-512=abcd", "SHA-256="]
)
async def test_008_doubtful_digests(hq: App, door: Door, porto: Foreign, value: str) -> None:
    bela = porto.person("bela")
    activity = _post(bela)
    good = digest(signed(hq, bela, activity).body)
    header = value.format(good=good, other=digest(b"")[8:])

    await _refused(door, signed(hq, bela, activity, headers={"Digest": header}))


async def test_009_two_digest_lines(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))

    await _refused(door, replaced(message, "Digest", digest(message.body), digest(b"other")))


async def test_010_two_signatures(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))
    good = message.header("Signature") or ""
    bad = good.replace("bela", "caio")

    await _refused(door, replaced(message, "Signature", good, bad))
    await _refused(door, replaced(message, "Signature", bad, good))


async def test_012_path_is_bound(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela), target="/ap/users/1/inbox")

    await _refused(door, Message("POST", "/inbox", message.headers, message.body))
    assert await door.send(message) == 202


async def test_013_replay_from_another_host(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela), headers={"Host": "osaka.example"})

    await _refused(door, message)
    await _refused(door, replaced(message, "Host", hq.uris.host))


async def test_014_exact_replay(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))

    statuses = await asyncio.gather(*(door.send(message) for _ in range(10)))
    await settle(hq)

    assert set(statuses) == {202}
    assert await count(hq, "inbox") == 1
    assert await count(hq, "statuses") == 1


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
async def test_016_times_in_the_signature(
    hq: App, door: Door, porto: Foreign, covered: str, parameters: list[tuple[str, str]]
) -> None:
    bela = porto.person("bela")
    now = int(time.time())
    words = {"now": str(now), "old": str(now - 86_400), "far": str(now + 315_360_000)}
    filled = [(name, value.format(**words)) for name, value in parameters]
    pseudo = {f"({name})": value for name, value in filled if name != "algorithm"}
    pseudo = {"(created)": "0", "(expires)": "0"} | pseudo

    await _refused(
        door, signed(hq, bela, _post(bela), covered=covered, parameters=filled, pseudo=pseudo)
    )


@pytest.mark.parametrize("age", [timedelta(hours=2), timedelta(minutes=-10)])
async def test_016_date_out_of_the_window(
    hq: App, door: Door, porto: Foreign, age: timedelta
) -> None:
    bela = porto.person("bela")
    date = format_datetime(datetime.now(UTC) - age, usegmt=True)

    await _refused(door, signed(hq, bela, _post(bela), headers={"Date": date}))


@pytest.mark.parametrize(
    "key_id",
    [
        "http://b.corp.example/users/bela#main-key",
        "file:///etc/passwd",
        "data:text/plain,key",
        "acct:bela@b.corp.example",
        "//b.corp.example/users/bela",
        "",
        "https://b.corp.example/" + "x" * 5000,
        "https://b.corp.example:0/",
        "https://b.corp.example\\@a/",
    ],
)
async def test_017_key_ids_that_are_none(hq: App, door: Door, porto: Foreign, key_id: str) -> None:
    bela = porto.person("bela")

    await _refused(door, signed(hq, bela, _post(bela), key_id=key_id))


async def test_018_key_of_a_host_that_is_not_allowed(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    bela, mallory = porto.person("bela"), evil.person("mallory")

    await _refused(door, signed(hq, mallory, _post(bela)), 403)
    await _refused(door, signed(hq, mallory, _post(mallory)), 403)

    assert porto.peer.seen == []


async def test_020_somebody_elses_activity(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")

    await _refused(door, signed(hq, bela, _post(caio)))
    assert await door.send(signed(hq, caio, _post(caio))) == 202


async def test_021_several_actors(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    both = _post(bela) | {"actor": [bela.uri, caio.uri]}
    dressed = _post(bela) | {"actor": {"id": bela.uri, "name": "The boss"}}

    await _refused(door, signed(hq, bela, both), 400)
    assert await door.send(signed(hq, bela, dressed)) == 202


async def test_022_key_document_claims_another_id(hq: App, door: Door, porto: Foreign) -> None:
    bela, mallory = porto.person("bela"), porto.person("mallory")
    forged = bela.document | {
        "publicKey": porto.peer.key("/users/bela", f"{bela.uri}#x", pems("mallory")[1]),
    }
    porto.peer.document("/users/mallory", **forged)
    claim = porto.peer.uri("/users/mallory#x")

    await _refused(door, signed(hq, bela, _post(bela), key_id=claim, signer=rsa(mallory.key_name)))


async def test_024_second_key_of_another_owner(hq: App, door: Door, porto: Foreign) -> None:
    bela, mallory = porto.person("bela"), porto.person("mallory")
    own = mallory.document["publicKey"]
    stolen = porto.peer.key("/users/bela", f"{mallory.uri}#second", pems("second")[1])
    mallory.document["publicKey"] = [own, stolen]
    second = {"key_id": f"{mallory.uri}#second", "signer": rsa("second")}

    await _refused(door, signed(hq, bela, _post(bela), **second))
    await _refused(door, signed(hq, mallory, _post(mallory), **second))
    assert await door.send(signed(hq, mallory, _post(mallory))) == 202


async def test_025_key_id_of_another_document(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    bela.document["publicKey"]["id"] = f"{caio.uri}#main-key"

    await _refused(door, signed(hq, bela, _post(bela)))


async def test_026_key_id_redirects(hq: App, door: Door, porto: Foreign, evil: Foreign) -> None:
    bela, mallory = porto.person("bela"), evil.person("mallory")
    porto.peer.redirect("/away", mallory.uri)
    porto.peer.redirect("/moved", bela.uri)
    away, moved = porto.peer.uri("/away"), porto.peer.uri("/moved")

    await _refused(door, signed(hq, bela, _post(bela), key_id=away), 401, 403)
    # The key that is found there has another id than the one that was claimed.
    await _refused(door, signed(hq, bela, _post(bela), key_id=moved))


async def test_028_rotated_key(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    assert await door.send(signed(hq, bela, _post(bela))) == 202
    bela.lists_key("new")
    bela.key_name = "new"

    assert await door.send(signed(hq, bela, _post(bela))) == 202
    assert porto.fetched("/users/bela") == 2


async def test_028_wrong_signatures_cause_one_fetch(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    assert await door.send(signed(hq, bela, _post(bela))) == 202

    for _ in range(20):
        assert await door.send(signed(hq, bela, _post(bela), signer=rsa("mallory"))) == 401

    assert porto.fetched("/users/bela") == 2
    assert await door.send(signed(hq, bela, _post(bela))) == 202


async def test_028_unknown_key_is_fetched_once_for_all(hq: App, door: Door, porto: Foreign) -> None:
    bela, ghost = porto.person("bela"), Person(porto, "ghost", "ghost")
    posts = [signed(hq, bela, _post(bela)) for _ in range(10)]
    assert set(await asyncio.gather(*map(door.send, posts))) == {202}
    assert porto.fetched("/users/bela") == 1

    for _ in range(10):
        assert await door.send(signed(hq, ghost, _post(ghost))) == 401
    assert porto.fetched("/users/ghost") == 1


def _rsa_pem(bits: int, exponent: int = 65537) -> str:
    key = generate_rsa(public_exponent=exponent, key_size=bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _ec_pem() -> str:
    key = generate_ec(SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "pem",
    [
        lambda: _rsa_pem(1024),
        _ec_pem,
        lambda: "-----BEGIN PUBLIC KEY-----\nZ2FyYmFnZQ==\n-----END PUBLIC KEY-----\n",
        lambda: "",
        lambda: "x" * 100_000,
    ],
)
async def test_029_unusable_keys(
    hq: App, door: Door, porto: Foreign, pem: Callable[[], str]
) -> None:
    bela = porto.person("bela")
    bela.document["publicKey"]["publicKeyPem"] = pem()

    await _refused(door, signed(hq, bela, _post(bela)))


@pytest.mark.parametrize("text", ["AAAA AAAA", "AA-_", "A" * 1_000, "%%%%"])
async def test_030_signatures_that_are_no_base64(
    hq: App, door: Door, porto: Foreign, text: str
) -> None:
    bela = porto.person("bela")
    message = signed(hq, bela, _post(bela))
    header = (message.header("Signature") or "").rpartition('signature="')[0]

    await _refused(door, replaced(message, "Signature", f'{header}signature="{text}"'))


async def test_033_suspended_and_deleted_signers(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = bela.note()
    for person, post in ((bela, bela.create(note)), (caio, _post(caio))):
        assert await door.send(signed(hq, person, post)) == 202
    await settle(hq)
    bela_id, caio_id = await account_id(hq, bela.uri), await account_id(hq, caio.uri)
    async with hq.db.writer() as tx:
        await accounts.set_suspended(tx, bela_id, hq.now())
        await accounts.set_deleted(tx, caio_id, hq.now())

    assert await door.send(signed(hq, bela, _post(bela))) == 403
    assert await door.send(signed(hq, caio, _post(caio))) == 403
    # What takes back is still heard.
    assert await door.send(signed(hq, bela, bela.activity("Delete", note["id"]))) == 202
    await settle(hq)
    assert await status_of(hq, note["id"]) is None


async def test_034_farewell_of_a_stranger(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ghost, mallory = Person(porto, "ghost", "ghost"), evil.person("mallory")

    message = signed(hq, ghost, ghost.activity("Delete", ghost.uri))
    assert await door.send(message) == 202
    assert porto.peer.seen == []
    assert await count(hq, "inbox") == 0
    farewell = signed(hq, mallory, mallory.activity("Delete", mallory.uri))
    await _refused(door, farewell, 403)


async def test_034_farewell_of_a_known_account_whose_key_is_gone(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    assert await door.send(signed(hq, bela, _post(bela))) == 202
    mallory = porto.person("mallory")
    porto.peer.pages["/users/bela"] = porto.peer.pages["/gone"] = _gone
    delete = bela.activity("Delete", bela.uri)

    # Anybody can name a key that is gone; only the account's own counts.
    elsewhere = porto.peer.uri("/gone")
    assert await door.send(signed(hq, mallory, delete, key_id=elsewhere)) == 401
    assert await door.send(signed(hq, bela, delete, signer=rsa("new"))) == 202
    await settle(hq)
    async with hq.db.reader() as conn:
        account = await accounts.find_by_uri(conn, bela.uri)
    assert account is not None and account.deleted_at is not None


def _gone(_request: web.Request) -> web.Response:
    return web.Response(status=410)


async def test_036_signed_answers_are_for_the_signer_alone(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    path = "/actor"
    message = signed(
        hq, bela, {}, method="GET", target=path, body=b"", covered="(request-target) host date"
    )

    status, headers = await door.ask(message)

    assert status == 200
    assert "signature" in headers["vary"].lower()
    assert headers["cache-control"] in ("no-store", "private, no-store")


@pytest.mark.parametrize("host", ["{name}.:{port}", "LOCALHOST:{port}", "a.example", "localhost"])
async def test_037_only_our_exact_host(hq: App, door: Door, porto: Foreign, host: str) -> None:
    bela = porto.person("bela")
    name, _, port = hq.uris.host.partition(":")
    other = {"Host": host.format(name=name, port=port)}

    await _refused(door, signed(hq, bela, _post(bela), headers=other))
    forwarded = replaced(
        signed(hq, bela, _post(bela), headers=other), "X-Forwarded-Host", hq.uris.host
    )
    await _refused(door, forwarded)


async def test_removed_peer_is_refused_at_once(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    assert await door.send(signed(hq, bela, _post(bela))) == 202

    await peering.remove_peer(hq, porto.host, actor="tests")

    assert await door.send(signed(hq, bela, _post(bela))) == 403
