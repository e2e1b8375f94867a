"""Markdown as our people type it."""

import pytest

from fedimmp.render.markdown import render, spoken
from fedimmp.render.sanitise import clean_html
from fedimmp.render.statuses import Handle, Person

BO: dict[Handle, Person] = {("bo", None): Person("bo", "https://hq.example/@bo")}
MENTION = (
    '<span class="h-card" translate="no"><a href="https://hq.example/@bo" class="u-url mention"'
    ' target="_blank" rel="nofollow noopener noreferrer">@<span>bo</span></a></span>'
)


def html(text: str) -> str:
    return clean_html(
        render(text, BO, "hq.example", lambda name: f"https://hq.example/tags/{name}")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "<p>plain</p>"),
        ("**bold** *thin* ~~gone~~", "<p><strong>bold</strong> <em>thin</em> <s>gone</s></p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("# Head", "<p><strong>Head</strong></p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("> q", "<blockquote><p>q</p></blockquote>"),
        ("```\nx < y\n```", "<pre><code>x &lt; y\n</code></pre>"),
        ("hi @bo", f"<p>hi {MENTION}</p>"),
        ("`@bo`", "<p><code>@bo</code></p>"),
        ("@nobody", "<p>@nobody</p>"),
    ],
)
def test_what_becomes_of_it(text: str, expected: str) -> None:
    assert html(text) == expected


@pytest.mark.sec("SEC-130", "SEC-132", "SEC-133")
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](<javascript:alert(1)>)",
        "<javascript:alert(1)>",
        "![x](https://evil.example/a.png)",
        "[x]: javascript:alert(1)\n\n[x]",
        '```" onclick="alert(1)\nx\n```',
        '[x](https://corp.example "\\" onclick=\\"alert(1)")',
        '<p id="a" class="modal-backdrop">',
    ],
)
def test_nothing_of_it_runs(text: str) -> None:
    made = html(text)
    for harm in (
        "<script",
        "<img",
        '<a href="javascript',
        'href="data',
        ' onclick="',
        "<p id",
        "<p class",
    ):
        assert harm not in made


def test_mentions_and_hashtags_are_found_outside_code_and_links() -> None:
    text = "@bo #one `@cy #two` [@di #three](https://corp.example) **#four**\n\n    #five"
    found = spoken(text)
    assert [each in found for each in ("@bo", "#one", "#four")] == [True] * 3
    assert not any(each in found for each in ("@cy", "#two", "@di", "#three", "#five"))


@pytest.mark.parametrize("text", ["[" * 5000, "*a " * 1700, "> " * 2500, "[](" * 1600, "`" * 5000])
def test_hostile_text_ends(text: str) -> None:
    assert len(html(text)) < 50_000
