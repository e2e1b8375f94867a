"""How somebody becomes a member, and how mail is sent: two sections of the configuration."""

from dataclasses import dataclass

from fedimmp.config.values import (
    DomainValue,
    FlagValue,
    ListValue,
    MailAddressValue,
    NumberValue,
    SecondsValue,
    TextValue,
    WordValue,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who may become a member without an administrator's making them one."""

    mode: str = setting(
        WordValue("closed", "approval", "open"),
        """`closed`: only `fedimmp member create` makes members. `approval`: people sign up, and an
        administrator lets them in. `open`: who signs up is in.""",
        default="closed",
    )
    confirm_email: bool | None = setting(
        FlagValue(),
        """Whether people must open a link sent to their address first. Unset: yes where
        `mail.host` is set. Without it anybody can claim any address.""",
        default=None,
    )
    email_domains: tuple[str, ...] = setting(
        ListValue(DomainValue()),
        """Domains of the addresses with which people may sign up, such as `corp.example`;
        `*.corp.example` stands for all below it, and not for itself. Empty: all.""",
        default=(),
    )
    reserved_names: tuple[str, ...] = setting(
        ListValue(TextValue()),
        "User names that nobody can sign up with, besides `admin`, `root` and others like them.",
        default=(),
    )
    reason_required: bool = setting(
        FlagValue(),
        "Whether people must say why they want to join, where joining needs approval.",
        default=True,
    )
    message: str = setting(
        TextValue(),
        "A sentence that apps and the page show to people who cannot simply sign up.",
        default="",
    )
    unconfirmed_days: float = setting(
        SecondsValue(0.01, 365),
        "After so many days a sign-up whose address nobody confirmed is forgotten.",
        default=7.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The SMTP server that takes the mail of this office."""

    host: str | None = setting(
        TextValue(),
        "Name of the SMTP server; unset: no mail is sent, and nobody is asked to read any.",
        default=None,
    )
    port: int = setting(
        NumberValue(1, 65535),
        "Its port: usually 587 with `starttls`, 465 with `implicit`, 25 with `none`.",
        default=587,
    )
    tls: str = setting(
        WordValue("starttls", "implicit", "none"),
        """`starttls`: the connection is encrypted before anything is said, or given up;
        `implicit`: it is from the start; `none`: it never is, which is for a server on the same
        machine or network. Certificates are checked, with those of `network.ca_bundle` besides the
        usual ones.""",
        default="starttls",
    )
    username: str | None = setting(
        TextValue(), "Name to sign in to the server with; unset: none is asked for.", default=None
    )
    password: str | None = setting(TextValue(), "Password to that name.", default=None, secret=True)
    sender: str = setting(
        MailAddressValue(),
        "Address that mail comes from, such as `fedimmp@corp.example`.",
        default="",
    )
    timeout_seconds: float = setting(
        SecondsValue(0.1, 120), "How long each step of sending may take.", default=30.0
    )
    give_up_days: float = setting(
        SecondsValue(0.001, 60),
        "After so many days a mail that no server took is dropped, with a line in the log.",
        default=3.0,
    )
