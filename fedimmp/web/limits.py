"""Rate limits: fixed windows in this process's memory, per member, token or address.

A route names a family. Most families also count against the limits that hold for all calls.
Sign-in has its own throttle in the database besides, since it guards a secret.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from fedimmp.config import Limits
from fedimmp.errors import TooMany
from fedimmp.web.addresses import Address, bucket, is_within

Holder = Literal["member", "token", "address"]

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_CAPACITY: Final = 50_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How many calls a holder has in a window; `setting` names the number in the configuration."""

    name: str
    setting: str
    seconds: int
    holder: Holder


_MEMBER: Final = Rule("member", "member_calls", 5 * _MINUTE, "member")
_TOKEN: Final = Rule("token", "token_calls", 5 * _MINUTE, "token")
_ADDRESS: Final = Rule("address", "address_calls", 5 * _MINUTE, "address")
_PAGING: Final = Rule("paging", "paging_calls", 15 * _MINUTE, "member")


@dataclass(frozen=True, slots=True)
class Family:
    """The rule of a kind of calls, and whether they count against the general ones too."""

    rule: Rule | None = None
    general: bool = True

    @property
    def is_free(self) -> bool:
        """Whether such calls are not counted at all."""
        return self.rule is None and not self.general


FAMILIES: Final[Mapping[str, Family]] = {
    "none": Family(general=False),
    "api": Family(),
    "posting": Family(Rule("posting", "posts", 3 * _HOUR, "member")),
    "deletes": Family(Rule("deletes", "deletions", 30 * _MINUTE, "member")),
    "follows": Family(Rule("follows", "follows", 24 * _HOUR, "member")),
    "reports": Family(Rule("reports", "reports", 24 * _HOUR, "member")),
    "media": Family(Rule("media", "uploads", 30 * _MINUTE, "member")),
    "apps": Family(Rule("apps", "app_registrations", 10 * _MINUTE, "address")),
    "sign_up": Family(Rule("sign_up", "sign_ups", 30 * _MINUTE, "address")),
    "mails": Family(Rule("mails", "mail_requests", 30 * _MINUTE, "address")),
    "sign_in": Family(Rule("sign_in", "sign_ins", 5 * _MINUTE, "address")),
    # Apps load the pictures of a page, and open streams again, all at once and without a token.
    "files": Family(Rule("files", "file_calls", 5 * _MINUTE, "address"), general=False),
    "streaming": Family(Rule("streaming", "stream_calls", 5 * _MINUTE, "address"), general=False),
}


@dataclass(frozen=True, slots=True)
class Spender:
    """Who makes a call: the ids of member and token where known, and the address."""

    account_id: int | None
    token_id: int | None
    address: Address | None


@dataclass(slots=True)
class _Window:
    """Counts the calls of a holder; `reset` is its end as apps are told."""

    count: int
    ends_at: float
    reset: str

    def headers(self, limit: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - self.count)),
            "X-RateLimit-Reset": self.reset,
        }


class RateLimiter:
    """Counts calls. Of at most `capacity` windows; the ones that end first make room."""

    def __init__(self, limits: Limits, *, capacity: int = _CAPACITY) -> None:
        self._limits = limits
        self._capacity = capacity
        self._windows: dict[tuple[str, str], _Window] = {}

    def spend(
        self, family: str, who: Spender, now: datetime, *, paging: bool = False
    ) -> dict[str, str]:
        """Count one call and return the headers to answer with; raises TooMany with them.

        Shown is the family's own limit, or else the one that is most exhausted.
        """
        own = FAMILIES[family].rule
        rules = _general(who, paging=paging) if FAMILIES[family].general else ()
        if own is not None:
            rules = (*rules, own)
        if not rules:
            return {}
        at = now.timestamp()
        spent = [(self._count(rule, who, at), self._amount(rule, who)) for rule in rules]
        exhausted = [(window, limit) for window, limit in spent if window.count > limit]
        if exhausted:
            longest, limit = max(exhausted, key=lambda each: each[0].ends_at)
            raise TooMany(
                retry_after=math.ceil(longest.ends_at - at), headers=longest.headers(limit)
            )
        shown, limit = spent[-1] if own is not None else max(spent, key=_share)
        return shown.headers(limit)

    def _count(self, rule: Rule, who: Spender, now: float) -> _Window:
        key = (rule.name, _holder_key(rule, who))
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            self._make_room(now)
            window = self._windows[key] = _window(now + rule.seconds)
        window.count += 1
        return window

    def _amount(self, rule: Rule, who: Spender) -> int:
        amount = float(getattr(self._limits, rule.setting)) * self._limits.factor
        address = who.address if rule.holder == "address" else None
        if address is not None and is_within(address, self._limits.office_networks):
            amount *= self._limits.office_factor
        return max(1, int(amount))

    def _make_room(self, now: float) -> None:
        if len(self._windows) < self._capacity:
            return
        self._windows = {key: w for key, w in self._windows.items() if w.ends_at > now}
        excess = len(self._windows) - self._capacity * 3 // 4
        if excess > 0:
            by_end = sorted(self._windows, key=lambda key: self._windows[key].ends_at)
            for key in by_end[:excess]:
                del self._windows[key]


def _window(ends_at: float) -> _Window:
    reset = datetime.fromtimestamp(ends_at, UTC).isoformat(timespec="microseconds")
    return _Window(0, ends_at, reset.replace("+00:00", "Z"))


def _share(spent: tuple[_Window, int]) -> float:
    window, limit = spent
    return window.count / limit


def _general(who: Spender, *, paging: bool) -> tuple[Rule, ...]:
    if who.token_id is None:
        return (_ADDRESS,)
    return (_MEMBER, _TOKEN, _PAGING) if paging else (_MEMBER, _TOKEN)


def _holder_key(rule: Rule, who: Spender) -> str:
    if rule.holder == "member" and who.account_id is not None:
        return f"member {who.account_id}"
    if rule.holder != "address" and who.token_id is not None:
        return f"token {who.token_id}"
    return f"address {bucket(who.address)}"
