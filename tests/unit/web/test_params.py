"""How the bracketed names of forms are read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimmp.errors import BadRequest
from fedimmp.web.params import nest


@pytest.mark.parametrize(
    ("pairs", "nested"),
    [
        ([("status", "hi")], {"status": "hi"}),
        ([("id[]", "1"), ("id[]", "2")], {"id": ["1", "2"]}),
        ([("id[][]", "1"), ("id[][]", "2")], {"id": ["1", "2"]}),
        ([("id", "1"), ("id", "2")], {"id": "2"}),
        (
            [("poll[options][]", "a"), ("poll[options][]", "b"), ("poll[expires_in]", "60")],
            {"poll": {"options": ["a", "b"], "expires_in": "60"}},
        ),
        (
            [("fields_attributes[0][name]", "x"), ("fields_attributes[0][value]", "y")],
            {"fields_attributes": {"0": {"name": "x", "value": "y"}}},
        ),
        (
            [
                ("keywords_attributes[][keyword]", "a"),
                ("keywords_attributes[][whole_word]", "1"),
                ("keywords_attributes[][keyword]", "b"),
            ],
            {"keywords_attributes": [{"keyword": "a", "whole_word": "1"}, {"keyword": "b"}]},
        ),
        ([("data[alerts][mention]", "true")], {"data": {"alerts": {"mention": "true"}}}),
        ([("odd[", "1"), ("]x[", "2"), ("[]", "3")], {"odd[": "1", "]x[": "2", "[]": "3"}),
    ],
)
def test_names_become_lists_and_mappings(
    pairs: list[tuple[str, str]], nested: dict[str, Any]
) -> None:
    assert nest(pairs) == nested


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "1"), ("a[b]", "2")],
        [("a[]", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a[]", "2")],
        [("a" + "[b]" * 7, "1")],
        [("a" * 501, "1")],
        [(f"a{number}", "1") for number in range(1001)],
    ],
)
def test_contradictions_and_excess_are_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(BadRequest):
        nest(pairs)


@given(st.lists(st.tuples(st.text("ab[]0", max_size=12), st.text(max_size=3)), max_size=8))
def test_anything_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        nested = nest(pairs)
    except BadRequest:
        return
    assert isinstance(nested, dict)
