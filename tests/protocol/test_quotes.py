"""Quotes by consent as documents: what names them, who may, and what proves it."""

from typing import Any

import pytest

from activitypub import writing
from activitypub.documents import parse_document
from activitypub.errors import Malformed, NotTrusted
from activitypub.jsonld import normalise
from activitypub.objects import Authorization, QuotePolicy, Quoting
from activitypub.ownership import check_authorization
from activitypub.reading import read_activity, read_authorization, read_note
from activitypub.vocabulary import PUBLIC
from tests.protocol.test_writing import ALICE, BOB, NOON, NOTE, sent

QUOTED = f"{BOB}/statuses/1"
STAMP = f"{BOB}/stamps/1"


def quoting_note(**changes: Any) -> writing.OutgoingNote:
    return writing.OutgoingNote(NOTE, ALICE, NOTE, "", NOON, (PUBLIC,), (), **changes)


def note(**changes: Any) -> dict[str, Any]:
    return {"id": NOTE, "type": "Note", "attributedTo": ALICE} | changes


def test_a_quote_arrives_with_its_stamp() -> None:
    quote = writing.OutgoingQuote(QUOTED, f"{BOB}/1", STAMP)
    document = sent(writing.note(quoting_note(quote=quote)))

    assert read_note(document).quote == Quoting(QUOTED, STAMP)
    # Readers that know no consent find it as well.
    assert document["quoteUri"] == document["_misskey_quote"] == QUOTED
    (link,) = document["tag"]
    assert (link["type"], link["href"], link["name"]) == ("Link", QUOTED, f"RE: {BOB}/1")


def test_a_link_among_the_tags_is_a_quote() -> None:
    link = {"type": "Link", "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": QUOTED}

    assert read_note(note(tag=[link])).quote == Quoting(QUOTED, legacy=True)
    assert read_note(note(tag=link)).quote == Quoting(QUOTED, legacy=True)
    assert read_note(note(tag=[link | {"rel": "license"}])).quote is None


def test_a_policy_arrives() -> None:
    policy = QuotePolicy((PUBLIC,), (f"{ALICE}/followers",))

    assert read_note(sent(writing.note(quoting_note(quote_policy=policy)))).quote_policy == policy


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ([], None),
        ({}, None),
        ({"canReply": {"always": PUBLIC}}, None),
        ({"canQuote": None}, None),
        ({"canQuote": {}}, QuotePolicy()),
        ({"canQuote": {"automaticApproval": "as:Public"}}, QuotePolicy((PUBLIC,))),
        ({"canQuote": {"automaticApproval": [ALICE, 3, {}, "x"]}}, QuotePolicy((ALICE,))),
        (
            {"canQuote": {"always": [PUBLIC], "approvalRequired": [BOB]}},
            QuotePolicy((PUBLIC,), (BOB,)),
        ),
    ],
)
def test_policies_have_many_forms(given: object, read: QuotePolicy | None) -> None:
    assert read_note(note(interactionPolicy=given)).quote_policy == read


def test_a_reply_says_who_approved_it() -> None:
    document = writing.note(quoting_note(approved_by=STAMP))

    assert document["approvedBy"] == document["replyAuthorization"] == STAMP


def test_a_stamp_arrives() -> None:
    consent = writing.Stamp(STAMP, BOB, NOTE, QUOTED)

    assert read_authorization(sent(writing.stamp(consent))) == Authorization(
        STAMP, "QuoteAuthorization", BOB, NOTE, QUOTED
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Note"},
        {"attributedTo": None},
        {"interactingObject": None},
        {"interactionTarget": {"name": "no id"}},
        {"id": None},
    ],
)
def test_what_is_no_stamp(changes: dict[str, Any]) -> None:
    document = writing.stamp(writing.Stamp(STAMP, BOB, NOTE, QUOTED)) | changes
    with pytest.raises(Malformed):
        read_authorization(document)


@pytest.mark.sec("SEC-082")
@pytest.mark.parametrize(
    "changes",
    [
        {"id": "https://c.example/stamps/1"},
        {"attributed_to": ALICE},
        {"interacting_object": QUOTED},
        {"interaction_target": NOTE},
    ],
)
def test_a_stamp_for_something_else(changes: dict[str, str]) -> None:
    fields = {
        "id": STAMP,
        "attributed_to": BOB,
        "interacting_object": NOTE,
        "interaction_target": QUOTED,
    }
    honest = Authorization(type="QuoteAuthorization", **fields)
    check_authorization(honest, author=BOB, interacting=NOTE, target=QUOTED)

    forged = Authorization(type="QuoteAuthorization", **(fields | changes))
    with pytest.raises(NotTrusted):
        check_authorization(forged, author=BOB, interacting=NOTE, target=QUOTED)


def test_a_request_and_its_answers() -> None:
    post = writing.note(quoting_note(quote=writing.OutgoingQuote(QUOTED, QUOTED)))
    request = sent(writing.quote_request(f"{ALICE}/activities/1", ALICE, QUOTED, BOB, post))
    activity = read_activity(request)
    assert (activity.type, activity.object, activity.to) == ("QuoteRequest", QUOTED, (BOB,))
    assert "@context" not in request["instrument"]

    asked = request | {"instrument": NOTE}
    accept = normalise(
        parse_document(writing.encode(writing.accept(f"{BOB}/a/1", BOB, asked, STAMP)))
    )
    parts = {name: asked[name] for name in ("id", "type", "actor", "object", "instrument")}
    assert (accept["object"], accept["result"], accept["to"]) == (parts, STAMP, [ALICE])
    assert "result" not in writing.reject(f"{BOB}/a/2", BOB, asked)


def test_the_end_of_consent() -> None:
    consent = writing.Stamp(STAMP, BOB, NOTE, QUOTED)
    gone = sent(writing.revoke(f"{BOB}/a/3", consent, ALICE, public=True))
    quietly = writing.revoke(f"{BOB}/a/4", consent, ALICE, public=False)

    assert (gone["type"], gone["actor"], gone["to"]) == ("Delete", BOB, [ALICE])
    assert (gone["cc"], quietly["to"], quietly["cc"]) == ([PUBLIC], [ALICE], [])
    assert gone["object"]["id"] == STAMP
    assert gone["object"]["type"] == "QuoteAuthorization"
