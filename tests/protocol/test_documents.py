"""Strict JSON (SEC-100 to SEC-105): an object, or Malformed, and nothing else ever."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub.documents import MAX_DEPTH, parse_document, serialise
from activitypub.errors import Malformed, TooLarge


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":9223372036854775808}',
        b'{"a":-9223372036854775809}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"actor":"https://a.example/1","actor":"https://b.example/2"}',
        b'{"object":{"id":1,"id":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a" : 1, "a"\t\n:2}',
        b'{"a\\\\":1,"b":"\\":","a\\\\":2}',
        b'{"a":[{"b":":"},{"c":1,"c":1}]}',
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":"\\\\\\u0000"}',
        b'{"a":"\x00"}',
        b'{"a":"\\ud800"}',
        b'{"a":["\\udfff"]}',
        b'{"a":"\xff"}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"a":1}',
        nested(MAX_DEPTH + 1),
        nested(400),
        nested(1000),
        nested(100_000),
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"to":[' + b",".join([b"1"] * 200_000) + b"]}",
    ],
)
def test_a_doubtful_document_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_document(raw)


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        (b"{}", {}),
        (b'{"a":null,"b":[true,1,-1.5,"\\u00fc"]}', {"a": None, "b": [True, 1, -1.5, "ü"]}),
        (b'{"a":9223372036854775807}', {"a": 2**63 - 1}),
        (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        # Texts that look like keys, and keys that look like texts.
        (b'{"a":":", "b" :"\\":\\":", "\\":" : "c\\\\"}', {"a": ":", "b": '":":', '":': "c\\"}),
        (b'{"a":"\\\\","b":"\\\\\\":"}', {"a": "\\", "b": '\\":'}),
    ],
)
def test_a_good_document_is_read(raw: bytes, document: dict[str, Any]) -> None:
    assert parse_document(raw) == document


def test_the_allowed_depth_is_read() -> None:
    assert parse_document(nested(MAX_DEPTH))


def test_a_large_document_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge):
        parse_document(b"x" * (1024 * 1024 + 1))
    with pytest.raises(Malformed):
        parse_document(b"x" * (1024 * 1024))
    with pytest.raises(TooLarge):
        parse_document(b'{"a":1}', max_bytes=6)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_any_json_is_read_whole_or_malformed(value: dict[str, Any]) -> None:
    raw = json.dumps(value, ensure_ascii=True).encode()
    try:
        document = parse_document(raw)
    except Malformed:
        return
    assert document == value
    assert parse_document(serialise(document)) == document


def written(value: object, spaces: str) -> str:
    """Write a document by hand, from pairs, so that keys may repeat."""
    if isinstance(value, tuple):
        inner = (f"{json.dumps(key)}{spaces}:{written(each, spaces)}" for key, each in value)
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(each, spaces) for each in value) + "]"
    return json.dumps(value)


def repeats(value: object) -> bool:
    """Tell whether an object within holds a key twice."""
    if isinstance(value, tuple):
        keys = [key for key, _each in value]
        return len(set(keys)) < len(keys) or any(repeats(each) for _key, each in value)
    return isinstance(value, list) and any(repeats(each) for each in value)


TEXTS = st.text(st.sampled_from('":\\a {},'), max_size=6)
OBJECTS = st.recursive(
    TEXTS | st.integers(-9, 9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(TEXTS, inner), max_size=4).map(tuple)
    ),
    max_leaves=15,
)


@pytest.mark.sec("SEC-102")
@given(
    st.lists(st.tuples(TEXTS, OBJECTS), max_size=4).map(tuple), st.sampled_from(("", " ", "\n\t "))
)
def test_keys_that_come_twice_are_found_and_no_others(value: object, spaces: str) -> None:
    raw = written(value, spaces).encode()
    if repeats(value):
        with pytest.raises(Malformed, match="twice"):
            parse_document(raw)
    else:
        assert parse_document(raw) == json.loads(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    try:
        assert isinstance(parse_document(raw), dict)
    except Malformed:
        return
