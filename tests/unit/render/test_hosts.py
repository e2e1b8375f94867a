"""Names of hosts that are meant to deceive are shown as they travel, all others as people write."""

import idna
import pytest

from fedimmp.render.hosts import readable, resembling


def a_label(text: str) -> str:
    return idna.encode(text).decode()


@pytest.mark.parametrize(
    "text",
    [
        "bücher.example",
        "büro.example:8443",
        "пример.example",
        "大阪オフィス.example",
        "straße.example",
    ],
)
def test_names_of_one_script_are_readable(text: str) -> None:
    name, colon, port = text.partition(":")
    assert readable(f"{a_label(name)}{colon}{port}") == text


@pytest.mark.parametrize(
    "text",
    [
        "рorto.example",  # a Cyrillic letter among Latin ones
        "рорра.example",  # Cyrillic alone, which looks like Latin
        "οsaka.example",  # Greek
        "portо-büro.example",
        "fıre.example",  # a letter without its dot
    ],
)
def test_names_that_could_deceive_stay_as_they_travel(text: str) -> None:
    assert readable(a_label(text)) == a_label(text)


def test_a_name_that_is_like_another_one_stays_as_it_travels() -> None:
    porto = a_label("pórto.example")
    assert readable(porto) == "pórto.example"
    assert readable(porto, ["lisboa.example", "porto.example"]) == porto


def test_whom_a_name_could_be_taken_for() -> None:
    known = ["hq.example", "porto.example", "modern.example", a_label("büro.example")]
    for odd, meant in (
        (a_label("рorto.example"), "porto.example"),
        ("p0rto.example", "porto.example"),
        ("rnodern.example", "modern.example"),
        ("buro.example", a_label("büro.example")),
    ):
        assert resembling(odd, known) == meant
    for honest in ("porto.example", "osaka.example", "sub.porto.example", "porto.example:8443"):
        assert resembling(honest, known) is None


def test_what_is_no_name_is_left_as_it_is() -> None:
    for odd in ("xn--a.example", "[::1]:8080", "127.0.0.1", "xn--99999999.example"):
        assert readable(odd) == odd
