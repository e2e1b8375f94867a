"""Which scope covers which."""

import pytest

from fedimmp.web import scopes


@pytest.mark.parametrize(
    ("granted", "wanted"),
    [
        ("read", "read:statuses"),
        ("read:statuses", "read:statuses"),
        ("write", "write:media"),
        ("follow", "read:blocks"),
        ("follow", "write:follows"),
        ("follow", "write:mutes"),
        ("admin:read", "admin:read:reports"),
        ("push", "push"),
    ],
)
def test_covered(granted: str, wanted: str) -> None:
    assert scopes.covers([granted], wanted)


@pytest.mark.parametrize(
    ("granted", "wanted"),
    [
        ("read:statuses", "read"),
        ("read", "write:statuses"),
        ("write", "read:statuses"),
        ("follow", "read:statuses"),
        ("follow", "write:statuses"),
        ("read", "admin:read:reports"),
        ("read", "admin:read"),
        ("admin:read", "admin:write:reports"),
        ("read:statuses", "read:statuses:x:y"),
        ("push", "read"),
    ],
)
def test_not_covered(granted: str, wanted: str) -> None:
    assert not scopes.covers([granted], wanted)


def test_no_wanted_scope_is_covered_by_any_token() -> None:
    assert scopes.covers_any(["push"], ())
    assert scopes.covers_any(["read"], ("write", "read:lists"))
    assert not scopes.covers_any([], ("read",))


def test_subsets_and_unknown_scopes() -> None:
    assert scopes.is_subset(["read:statuses", "push"], ["read", "push"])
    assert not scopes.is_subset(["read"], ["read:statuses"])
    assert scopes.unknown(["read", "reed", "write:statuses", "write:blogs"]) == [
        "reed",
        "write:blogs",
    ]
    assert set(scopes.USER_SCOPES) | set(scopes.ADMIN_SCOPES) == set(scopes.TOP_LEVEL)
