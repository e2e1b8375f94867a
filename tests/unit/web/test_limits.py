"""Rate limits: who is counted together, and what is answered at the end."""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from fedimmp.config import Limits
from fedimmp.errors import TooMany
from fedimmp.web.limits import FAMILIES, RateLimiter, Spender

ANA = Spender(account_id=1, token_id=11, address=ip_address("192.0.2.1"))
ANAS_PHONE = Spender(account_id=1, token_id=12, address=ip_address("192.0.2.2"))
BEN = Spender(account_id=2, token_id=21, address=ip_address("192.0.2.1"))


def anonymous(address: str) -> Spender:
    return Spender(None, None, ip_address(address))


def spend(limiter: RateLimiter, family: str, who: Spender, now: datetime, times: int) -> None:
    for _ in range(times):
        limiter.spend(family, who, now)


@pytest.mark.parametrize(
    ("family", "who", "limits"),
    [
        ("api", ANA, Limits(token_calls=3)),
        ("posting", ANA, Limits(posts=3)),
        ("deletes", ANA, Limits(deletions=3)),
        ("follows", ANA, Limits(follows=3)),
        ("media", ANA, Limits(uploads=3)),
        ("apps", anonymous("192.0.2.9"), Limits(app_registrations=3)),
        ("sign_in", anonymous("192.0.2.9"), Limits(sign_ins=3)),
        ("files", anonymous("192.0.2.9"), Limits(file_calls=3)),
        ("streaming", anonymous("192.0.2.9"), Limits(stream_calls=3)),
        ("api", anonymous("192.0.2.9"), Limits(address_calls=3)),
    ],
)
def test_the_call_after_the_limit_is_refused(
    family: str, who: Spender, limits: Limits, now: datetime
) -> None:
    limiter = RateLimiter(limits)
    spend(limiter, family, who, now, 3)
    with pytest.raises(TooMany) as caught:
        limiter.spend(family, who, now)
    assert caught.value.status == 429
    assert caught.value.headers["X-RateLimit-Limit"] == "3"
    assert caught.value.headers["X-RateLimit-Remaining"] == "0"
    assert int(caught.value.headers["Retry-After"]) > 0
    limiter.spend(family, who, now + timedelta(hours=24, seconds=1))


def test_headers_count_down_and_name_the_end_of_the_window(now: datetime) -> None:
    limiter = RateLimiter(Limits(posts=300))
    first, second = (limiter.spend("posting", ANA, now) for _ in range(2))
    assert first["X-RateLimit-Limit"] == "300"
    assert (first["X-RateLimit-Remaining"], second["X-RateLimit-Remaining"]) == ("299", "298")
    end = datetime.fromisoformat(first["X-RateLimit-Reset"])
    assert end == now + timedelta(hours=3)
    assert first["X-RateLimit-Reset"].endswith("Z")
    assert len(first["X-RateLimit-Reset"]) == len("2026-01-01T00:00:00.000000Z")


def test_a_member_is_counted_over_all_tokens_and_others_are_not_touched(now: datetime) -> None:
    limiter = RateLimiter(Limits(posts=2))
    limiter.spend("posting", ANA, now)
    limiter.spend("posting", ANAS_PHONE, now)
    with pytest.raises(TooMany):
        limiter.spend("posting", ANA, now)
    limiter.spend("posting", BEN, now)


def test_other_calls_go_on_when_posting_is_exhausted(now: datetime) -> None:
    limiter = RateLimiter(Limits(posts=1))
    limiter.spend("posting", ANA, now)
    with pytest.raises(TooMany):
        limiter.spend("posting", ANA, now)
    limiter.spend("api", ANA, now)


def test_paging_has_a_limit_of_its_own(now: datetime) -> None:
    limiter = RateLimiter(Limits(paging_calls=1))
    limiter.spend("api", ANA, now, paging=True)
    limiter.spend("api", ANA, now)
    with pytest.raises(TooMany):
        limiter.spend("api", ANA, now, paging=True)


def test_ipv6_counts_by_network_and_ipv4_by_address(now: datetime) -> None:
    limiter = RateLimiter(Limits(address_calls=1))
    limiter.spend("api", anonymous("2001:db8::1"), now)
    with pytest.raises(TooMany):
        limiter.spend("api", anonymous("2001:db8::ffff:2"), now)
    limiter.spend("api", anonymous("2001:db8:0:1::1"), now)
    limiter.spend("api", anonymous("192.0.2.1"), now)
    limiter.spend("api", anonymous("192.0.2.2"), now)


def test_an_offices_address_stands_for_many_people(now: datetime) -> None:
    limits = Limits(address_calls=2, office_networks=(ip_network("10.0.0.0/8"),), office_factor=3.0)
    limiter = RateLimiter(limits)
    spend(limiter, "api", anonymous("10.1.2.3"), now, 6)
    with pytest.raises(TooMany):
        limiter.spend("api", anonymous("10.1.2.3"), now)
    spend(limiter, "api", anonymous("192.0.2.1"), now, 2)
    with pytest.raises(TooMany):
        limiter.spend("api", anonymous("192.0.2.1"), now)


def test_the_factor_raises_everything(now: datetime) -> None:
    spend(RateLimiter(Limits(posts=1, factor=100.0)), "posting", ANA, now, 100)


def test_what_is_not_limited_shows_no_headers(now: datetime) -> None:
    assert RateLimiter(Limits(address_calls=1)).spend("none", anonymous("192.0.2.1"), now) == {}
    assert "none" in FAMILIES


def test_memory_is_bounded_and_the_limit_of_the_latest_still_holds(now: datetime) -> None:
    limiter = RateLimiter(Limits(address_calls=1), capacity=100)
    for number in range(1000):
        limiter.spend("api", anonymous(str(ip_address(0x0A000000 + number))), now)
    assert len(limiter._windows) <= 100
    with pytest.raises(TooMany):
        limiter.spend("api", anonymous(str(ip_address(0x0A000000 + 999))), now)
