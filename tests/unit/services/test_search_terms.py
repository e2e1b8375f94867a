"""What the words typed into the search box ask for."""

from datetime import UTC, datetime

from fedimmp.services.search_terms import Author, read
from storage.ids import first_id
from storage.search_words import Term


def test_words_phrases_and_exclusions() -> None:
    question = read('tea "with milk" -sugar -"two cubes" „open')
    assert question.terms == [
        Term("tea"),
        Term("with milk"),
        Term("sugar", excluded=True),
        Term("two cubes", excluded=True),
        Term("open"),
    ]


def test_operators() -> None:
    question = read("from:me -from:@bo@porto.example has:poll is:reply language:DE in:library #Tea")
    assert question.authors == [Author("me"), Author("bo@porto.example", excluded=True)]
    assert question.labels == [
        Term("=has:poll"),
        Term("=is:reply"),
        Term("=lde"),
        Term("=ttea"),
    ]
    assert (question.scope, question.terms) == ("library", [])


def test_days_are_bounds_and_the_narrowest_counts() -> None:
    noon = first_id(datetime(2026, 3, 2, 12, tzinfo=UTC))
    during = read("during:2026-03-02 before:2027-01-01 after:2025-01-01")
    assert during.min_id is not None
    assert during.max_id is not None
    assert during.min_id < noon < during.max_id
    assert during.max_id == first_id(datetime(2026, 3, 3, tzinfo=UTC))
    after = read("after:2026-03-02")
    assert after.min_id is not None
    assert after.min_id > noon


def test_what_is_no_operator_is_a_word() -> None:
    question = read("note:this has:nothing before:tomorrow in:nowhere -in:library c++ :) -")
    assert [term.text for term in question.terms] == [
        "note:this",
        "has:nothing",
        "before:tomorrow",
        "in:nowhere",
        "in:library",
        "c++",
    ]
    assert (question.labels, question.scope, question.max_id) == ([], "all", None)


def test_nothing_is_empty_and_much_is_cut() -> None:
    assert read("   ").is_empty
    assert read('"" -"" : ! -').is_empty
    assert not read("before:2026-01-01").is_empty
    many = read(" ".join(f"word{number}" for number in range(500)) + " " + "x" * 5000)
    assert len(many.terms) == 20
    assert len(read("x" * 5000).terms[0].text) == 200
