"""What our libraries could do, and must not: SEC-230."""

import sys
from typing import Any

import pytest
from pyld import jsonld

from activitypub.vocabulary import AS2
from tests.attacks.door import Door, post, refused, signed
from tests.attacks.reading import deliver
from tests.federation.foreign import Foreign
from tests.federation.members import status_of


@pytest.mark.sec("SEC-230")
async def test_the_verifiers_of_httpsig_are_never_asked(
    door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They believe the algorithm that the sender names."""
    asked: list[str] = []
    for module in ("httpsig.verify", "httpsig.sign"):
        for name, found in vars(sys.modules[module]).items():
            if isinstance(found, type) and found.__module__ == module:
                monkeypatch.setattr(found, "__init__", lambda *_args, _n=name: asked.append(_n))
    bela = porto.person("bela")

    claimed = signed(door.app, bela, post(bela), parameters=(("algorithm", '"hmac-sha256"'),))
    await refused(door, claimed)
    assert await deliver(door, bela, post(bela)) == [202]
    assert asked == []


@pytest.mark.sec("SEC-230")
async def test_no_context_is_fetched(
    door: Door, porto: Foreign, evil: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(url: str, _options: Any) -> Any:
        asked.append(url)
        raise AssertionError(f"{url} was about to be fetched")

    monkeypatch.setattr(jsonld, "_default_document_loader", load)
    monkeypatch.setattr(jsonld, "load_document", load)
    bela = porto.person("bela")
    own, foreign = porto.peer.uri("/context"), evil.peer.uri("/context")
    contexts: list[list[Any]] = [
        [AS2, address, *more]
        for address in (own, foreign, "file:///etc/passwd", "//evil.example", "relative")
        # A term of another meaning makes a document one that has to be expanded.
        for more in ([], [{"content": "https://porto.example/ns#content"}])
    ]
    contexts += [[AS2, {"said": {"@id": "as:content", "@context": own}}]]

    for context in contexts:
        note = bela.note(said="<p>x</p>")
        (answer,) = await deliver(door, bela, bela.create(note) | {"@context": context})
        assert answer in (202, 400)

    assert asked == []
    assert porto.fetched("/context") == 0
    note = bela.note()
    await deliver(door, bela, bela.create(note) | {"@context": [AS2, own]})
    assert await status_of(door.app, note["id"]) is not None
