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
    bela = porto.person("bela")
    own = porto.peer.uri("/context")
    good = [own, evil.peer.uri("/context"), "file:///etc/passwd"]
    # A term of another meaning makes a document one that has to be expanded.
    other = {"content": "https://porto.example/ns#content"}
    contexts: list[list[Any]] = [[AS2, each, *more] for each in good for more in ([], [other])]
    contexts += [[AS2, {"said": {"@id": "as:content", "@context": own}}]]

    for context in contexts:
        note = bela.note(said="<p>x</p>")
        create = bela.create(note) | {"@context": context}
        assert await deliver(door, bela, create) == [202], context
        assert await status_of(door.app, note["id"]) is not None, context
    for odd in ("//evil.example", "relative", "data:application/json,{}"):
        create = bela.create(bela.note()) | {"@context": [AS2, odd, other]}
        assert await deliver(door, bela, create) in ([202], [400])

    assert asked == []
    assert porto.fetched("/context") == 0
