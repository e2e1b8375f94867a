"""One spelling per host; whatever two parsers could read differently is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub import uris
from activitypub.errors import Malformed


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://a.example/users/alice", "a.example"),
        ("https://A.Example/users/alice", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("https://a.example:8443/", "a.example:8443"),
        ("http://localhost:80/", "localhost"),
        ("http://localhost:8001/ap/users/1", "localhost:8001"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://192.0.2.1/", "192.0.2.1"),
        ("https://[2001:DB8:0:0::1]:8443/", "[2001:db8::1]:8443"),
        ("https://[::ffff:7f00:1]/", "[::ffff:7f00:1]"),
        ("https://a.example", "a.example"),
        ("https://intranet/", "intranet"),
    ],
)
def test_a_host_has_one_spelling(uri: str, host: str) -> None:
    assert uris.host_of(uri) == host


# SEC-042, SEC-049, SEC-088
ODD = [
    "",
    "https://",
    "https:///path",
    "//a.example/",
    "a.example",
    "file:///etc/passwd",
    "data:text/plain,x",
    "gopher://a.example/",
    "acct:alice@a.example",
    "HTTPS://a.example/",
    "https://alice@a.example/",
    "https://alice:secret@a.example/",
    "https://a.example@evil.example/",
    "https://a.example:/",
    "https://a.example:0/",
    "https://a.example:65536/",
    "https://a.example:٤٤٣/",
    "https://a.example:44 3/",
    "https://a.example./",
    "https://.a.example/",
    "https://a..example/",
    "https://-a.example/",
    "https://a_b.example/",
    "https://a.example%2fevil/",
    "https://a.example%00/",
    "https://a.example\\@evil.example/",
    "https://a.example/\\evil",
    "https://a.example/ x",
    "https://a.example/\r\nHost: evil.example",
    "https://a.example/\tx",
    "https://a.example/\x00",
    "https://a.example/\x7f",
    "https://a.example/<script>",
    "https://a.example/%zz",
    "https://a.example/%",
    "https://a.example/\u200bx",
    "https://a.example/\u202ex",
    "https://a.example/\ud800",
    "https://a.exa\u200bmple/",
    "https://a.example\uff0fevil/",
    "https://127\u30020\u30020\u30021/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://127.0.0.0x1/",
    "https://256.0.0.1/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::1]evil/",
    "https://[a.example]/",
    "http://[",
    "https://xn--a/",
    "https://a.example/[x]",
    "https://a.example/" + "x" * 2048,
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
]


@pytest.mark.parametrize("uri", ODD)
def test_an_odd_uri_is_malformed(uri: str) -> None:
    for read in (uris.host_of, uris.origin_of, uris.check_http_uri, uris.wire_url):
        with pytest.raises(Malformed) as caught:
            read(uri)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300
    assert not uris.same_origin(uri, uri)


def test_a_confusable_host_is_another_host() -> None:
    assert uris.host_of("https://\u0430.corp.example/") != uris.host_of("https://a.corp.example/")
    assert uris.host_of("https://\u0430.corp.example/").startswith("xn--")


@pytest.mark.parametrize(
    "value", [None, 1, True, [], {}, b"https://a.example/", ["https://a.example/"]]
)
def test_only_a_text_is_a_uri(value: object) -> None:
    with pytest.raises(Malformed):
        uris.check_http_uri(value)


def test_http_is_for_loopback_names_only() -> None:
    assert uris.check_http_uri("http://localhost:8001/x") == "http://localhost:8001/x"
    assert uris.check_http_uri("http://porto.localhost:8001/x") == "http://porto.localhost:8001/x"
    assert uris.check_http_uri("http://127.0.0.1:8001/x") == "http://127.0.0.1:8001/x"
    for uri in ("http://a.example/", "http://localhost.example/", "http://10.0.0.1/"):
        with pytest.raises(Malformed, match="not an https URI"):
            uris.check_http_uri(uri)


def test_a_checked_uri_keeps_all_but_the_case_of_its_host() -> None:
    uri = "https://A.Example/Users/%41lice?Page=1#Main-Key"
    assert uris.check_http_uri(uri) == "https://a.example/Users/%41lice?Page=1#Main-Key"


def test_origins_compare_with_scheme_and_port() -> None:
    assert uris.same_origin("https://a.example/1", "https://A.example:443/2")
    assert not uris.same_origin("https://a.example/", "http://a.example/")
    assert not uris.same_origin("https://a.example/", "https://a.example:8443/")
    assert not uris.same_origin("https://a.example/", "https://evila.example/")
    assert not uris.same_origin("https://a.example/", "https://sub.a.example/")


def test_the_wire_form_is_ascii_and_has_no_fragment() -> None:
    assert (
        uris.wire_url("https://B\u00fccher.example/\u00fc%2f?q=\u00fc%20[]#x")
        == "https://xn--bcher-kva.example/%C3%BC%2f?q=%C3%BC%20[]"
    )
    assert uris.wire_url("https://a.example") == "https://a.example/"
    assert uris.target_of("https://a.example/a/b?c=d") == "/a/b?c=d"


@pytest.mark.parametrize(
    ("location", "result"),
    [
        ("/other", "https://a.example/other"),
        ("?page=2", "https://a.example/users/alice?page=2"),
        ("https://b.example/x", "https://b.example/x"),
        ("//b.example/x", "https://b.example/x"),
    ],
)
def test_a_location_is_resolved(location: str, result: str) -> None:
    assert uris.join("https://a.example/users/alice", location) == result


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://a.example/",
        "data:,x",
        "http://a.example/",
        "https://alice@b.example/",
        "https://[",
        "/a b",
        "/a\r\nb",
        "x" * 3000,
    ],
)
def test_an_odd_location_is_malformed(location: str) -> None:
    with pytest.raises(Malformed):
        uris.join("https://a.example/users/alice", location)


@pytest.mark.parametrize("host", ["", "a.example/", "a/b", "go/od.example", "a.example?x", "a#b"])
def test_a_bare_host_is_not_repaired(host: str) -> None:
    with pytest.raises(Malformed):
        uris.check_host(host)
    assert uris.check_host("A.Example:8443") == "a.example:8443"


@given(
    st.one_of(
        st.text(),
        st.text().map(lambda text: f"https://{text}"),
        st.from_regex(r"https?://[\x00-\x7f]{0,40}"),
    )
)
def test_any_text_is_a_uri_or_malformed(text: str) -> None:
    try:
        uri = uris.check_http_uri(text)
    except Malformed:
        return
    assert uris.check_http_uri(uri) == uri
    assert uris.check_host(uris.host_of(uri)) == uris.host_of(uri)
    assert uris.wire_url(uri).isascii()
    assert uris.host_of(uris.wire_url(uri)) == uris.host_of(uri)
