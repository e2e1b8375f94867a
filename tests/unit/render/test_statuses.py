"""What is typed becomes HTML that apps know, and counts as Mastodon counts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimmp.render.graphemes import count_graphemes
from fedimmp.render.statuses import Person, count_characters, handles, hashtags, render
from fedimmp.render.tokens import tokens

HOST = "localhost:8001"
PEOPLE = {
    ("ana", None): Person("ana", "http://localhost:8001/@ana"),
    ("rui", "localhost:8002"): Person("Rui", "http://localhost:8002/@rui"),
}
ANA = (
    '<span class="h-card" translate="no"><a href="http://localhost:8001/@ana"'
    ' class="u-url mention">@<span>ana</span></a></span>'
)


def html(text: str) -> str:
    return render(text, PEOPLE, HOST, lambda name: f"http://localhost:8001/tags/{name}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \r\n ", ""),
        ("a <b> & c", "<p>a &lt;b&gt; &amp; c</p>"),
        ("one\ntwo\r\n\r\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("@ana", f"<p>{ANA}</p>"),
        ("@ana@localhost:8001.", f"<p>{ANA}.</p>"),
        ("@ana@localhost:8002", "<p>@ana@localhost:8002</p>"),
        ("mail@ana @@ana /@ana", "<p>mail@ana @@ana /@ana</p>"),
        ("#123 #_ a#b &#x", "<p>#123 #_ a#b &amp;#x</p>"),
        ("javascript:alert(1) ftp://x.example", "<p>javascript:alert(1) ftp://x.example</p>"),
        ("https://ana:pw@x.example", "<p>https://ana:pw@x.example</p>"),
    ],
)
def test_text_becomes_paragraphs(text: str, expected: str) -> None:
    assert html(text) == expected


@pytest.mark.parametrize(
    ("text", "href", "after"),
    [
        ("https://x.example/a?b=1&c=2#d", "https://x.example/a?b=1&amp;c=2#d", ""),
        ("https://x.example.", "https://x.example", "."),
        ("https://x.example/(a)", "https://x.example/(a)", ""),
        ("https://x.example/a)", "https://x.example/a", ")"),
        ("https://x.example/@ana", "https://x.example/@ana", ""),
        ('https://x.example/"onclick', "https://x.example/", '"onclick'),
        ("HTTPS://x.example", "HTTPS://x.example", ""),
    ],
)
def test_an_address_becomes_a_link(text: str, href: str, after: str) -> None:
    rendered = html(text)

    assert rendered.startswith(
        f'<p><a href="{href}" target="_blank" rel="nofollow noopener noreferrer" translate="no">'
    )
    assert rendered.endswith(f"</a>{after}</p>")


def test_a_long_address_is_shortened_for_the_eye_only() -> None:
    assert html("https://www.x.example/" + "a" * 40) == (
        f'<p><a href="https://www.x.example/{"a" * 40}" target="_blank"'
        ' rel="nofollow noopener noreferrer" translate="no">'
        f'<span class="invisible">https://www.</span><span class="ellipsis">x.example/{"a" * 20}'
        f'</span><span class="invisible">{"a" * 20}</span></a></p>'
    )


def test_names_and_topics_are_found_once() -> None:
    text = "@Ana @ana@localhost:8001 @Rui@LOCALHOST:8002 #Ünïcode #ünïcode #l·l #हिन्दी, #9to5"

    assert handles(text, HOST) == [("ana", None), ("rui", "localhost:8002")]
    assert hashtags(text) == ["Ünïcode", "l·l", "हिन्दी", "9to5"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc\n", 4),
        ("e\u0301", 1),
        ("👨‍👩‍👧‍👦👍🏽", 2),
        ("🇵🇹🇯🇵🇩", 3),
        ("각한", 2),
        ("\u1112\u1161\u11ab", 1),
        ("a\r\nb", 3),
    ],
)
def test_what_looks_like_one_character_counts_as_one(text: str, length: int) -> None:
    assert count_graphemes(text) == length


def test_links_and_domains_do_not_lengthen_a_post() -> None:
    assert count_characters("see https://x.example/" + "a" * 500, 23) == 4 + 23
    assert count_characters("@rui@a.very.long.domain.example hi", 23) == len("@rui hi")


@given(st.text(alphabet=st.sampled_from("ab@#.:/<>&\"'\n ()htps1é\u200d"), max_size=60))
def test_no_text_escapes_its_markup(text: str) -> None:
    rendered = html(text)

    joined = "".join(getattr(token, "text", "") for token in tokens(text))
    assert joined in text or "#" in text or "http" in text
    assert "<script" not in rendered
    assert rendered.count("<p>") == rendered.count("</p>")
    assert rendered.count("<a ") == rendered.count("</a>")
    assert rendered.count("<") == rendered.count(">") or "&lt;" in rendered or ">" in text


@pytest.mark.parametrize(
    "text",
    [
        "@a." * 30_000,
        "https://" * 12_000,
        "#" * 90_000,
        "http://a.b/" + ")" * 90_000,
        "@a@b." * 9000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.thread_time()

    html(text)
    count_characters(text, 23)

    assert time.thread_time() - began < 2
