"""Everything that can be set, with its default and its documentation.

docs/configuration.md and `fedimmp config example` are made from this module.
"""

from dataclasses import dataclass
from pathlib import Path

from fedimmp.config.joining import Mail, Registration
from fedimmp.config.posting import Media, Posts
from fedimmp.config.texts import Rule, RuleValue
from fedimmp.config.values import (
    AddressValue,
    FlagValue,
    IpNetwork,
    ListenValue,
    ListValue,
    NetworkValue,
    NumberValue,
    OriginValue,
    PathValue,
    ProxyValue,
    SecondsValue,
    TextValue,
    WordValue,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What this office is called, where it is found and who stands in front of it."""

    origin: str = setting(
        OriginValue(),
        """The address of this office as everybody else sees it, such as `https://hq.example`. It is
        part of every name and can never be changed once the database is made.""",
    )
    listen: str = setting(
        ListenValue(),
        "Address and port that the server listens on.",
        default="127.0.0.1:8080",
    )
    name: str = setting(
        TextValue(), "The name of this office, shown by apps and pages.", default="fedimmp"
    )
    description: str = setting(
        TextValue(),
        "A sentence about this office, shown before sign-in.",
        default="Short messages between the offices of our organisation.",
    )
    contact_email: str = setting(
        TextValue(), "Whom to write to about this office; apps show it.", default=""
    )
    languages: tuple[str, ...] = setting(
        ListValue(TextValue()),
        "Languages of this office, the most usual first, as ISO 639-1 codes.",
        default=("en",),
    )
    rules: tuple[Rule, ...] = setting(
        ListValue(RuleValue()),
        """House rules; apps show them. Each is a sentence, or a table such as `{text = "Be kind.",
        hint = "As at lunch.", translations = {de = {text = "Sei nett.", hint = "Wie beim
        Essen."}}}`, where hint and translations may be missing.""",
        default=(),
    )
    privacy_policy: Path | None = setting(
        PathValue(),
        """A Markdown file that says what becomes of personal data; apps and the page
        `/privacy-policy` show it. Unset: what this software does by itself. Read at start.""",
        default=None,
    )
    terms_of_service: Path | None = setting(
        PathValue(),
        """A folder of Markdown files with the terms of service. Each is named for the day from
        which it is in force, such as `2027-01-31.md`. Apps and the page `/terms-of-service` show
        them. Read at start.""",
        default=None,
    )
    trusted_proxies: tuple[IpNetwork, ...] = setting(
        ListValue(NetworkValue()),
        """Networks of the proxies in front of this server. Only from there is `X-Forwarded-For`
        believed; without it all people seem to come from the proxy's address.""",
        default=(),
    )
    tls_certificate: Path | None = setting(
        PathValue(),
        """Certificate chain (PEM) to serve https without a proxy. Read anew when the file
        changes.""",
        default=None,
    )
    tls_key: Path | None = setting(
        PathValue(), "Private key (PEM) of `tls_certificate`.", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where this office keeps what is not in the database."""

    data_dir: Path = setting(
        PathValue(),
        "Folder of the private PostgreSQL cluster, the media files and the key file.",
        default=Path("data"),
    )
    media_dir: Path | None = setting(
        PathValue(), "Folder of the media files; unset: `media` in `data_dir`.", default=None
    )
    key_path: Path | None = setting(
        PathValue(),
        """The key file, with which members' private keys in the database are encrypted; unset:
        `secret.key` in `data_dir`. A backup is worth nothing without it.""",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """PostgreSQL: your own by URL, or a private one that this program runs."""

    url: str | None = setting(
        TextValue(),
        """`postgresql://` URL of a PostgreSQL 15 or newer. Unset: a private PostgreSQL in
        `storage.data_dir`, which the program starts and stops itself.""",
        default=None,
        secret=True,
    )
    direct_url: str | None = setting(
        TextValue(),
        """URL past the pooler, when `url` leads to one in transaction mode (PgBouncer): migrations
        and notifications need it.""",
        default=None,
        secret=True,
    )
    pool_size: int = setting(
        NumberValue(2, 200), "Connections that each process opens at most.", default=10
    )
    migrate_on_start: bool | None = setting(
        FlagValue(),
        """Whether `fedimmp serve` brings the schema up to date by itself. Unset: yes for the
        private PostgreSQL and for an empty database, no for others by URL (run
        `fedimmp db migrate`).""",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How this office reaches the others."""

    ca_bundle: Path | None = setting(
        PathValue(),
        "Certificates (PEM) of your own authorities, trusted besides the usual ones.",
        default=None,
    )
    nameservers: tuple[str, ...] = setting(
        ListValue(AddressValue()),
        "DNS servers to ask instead of the system's, as `address` or `address:port`.",
        default=(),
    )
    proxy: str | None = setting(
        ProxyValue(),
        """HTTP proxy through which other offices are reached, as `http://host:port` or
        `https://host:port`, with `user:password@` before the host where it asks for that. It looks
        up their names, so that their addresses are not checked here. A peer whose entry declares
        its networks is reached directly. Variables such as `HTTPS_PROXY` are not looked at.""",
        default=None,
        secret=True,
    )
    connect_seconds: float = setting(
        SecondsValue(0.1, 120), "How long a connection to another office may take.", default=5.0
    )
    total_seconds: float = setting(
        SecondsValue(0.1, 600), "How long a whole request to another office may take.", default=15.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How posts travel to the other offices, and what happens while one does not answer."""

    backoff_seconds: tuple[float, ...] = setting(
        ListValue(SecondsValue(0, 86400)),
        "Waits after the first, second ... failed attempt; the last one repeats.",
        default=(10.0, 60.0, 300.0, 900.0, 3600.0),
    )
    give_up_days: float = setting(
        SecondsValue(0.01, 365),
        "After so many days without success a delivery is given up, visibly.",
        default=14.0,
    )
    in_flight: int = setting(
        NumberValue(1, 1000),
        "Deliveries that one process has under way at most, besides those that wait for offices"
        " which take long: these have places of their own.",
        default=64,
    )
    in_flight_per_host: int = setting(
        NumberValue(1, 64), "Deliveries to one office that are under way at most.", default=4
    )
    backlog_per_host: int = setting(
        NumberValue(100, 10_000_000),
        "Deliveries that wait for one office at most, besides deletions; the oldest of more are"
        " given up, visibly. As many dead ones are kept.",
        default=100_000,
    )
    lease_seconds: float = setting(
        SecondsValue(1, 3600),
        "After so long another process takes over the work of one that died.",
        default=60.0,
    )
    breaker_failures: int = setting(
        NumberValue(1, 100),
        "After so many failures in a row an office is only probed now and then.",
        default=5,
    )
    breaker_seconds: tuple[float, ...] = setting(
        ListValue(SecondsValue(0, 86400)),
        "Waits between the probes of an office that does not answer; the last one repeats.",
        default=(60.0, 120.0, 300.0, 600.0, 900.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """What is said to other offices."""

    send_blocks: bool = setting(
        FlagValue(),
        "Whether the office of somebody whom a member blocks learns of it, and so hides that"
        " member there; otherwise a block is kept here.",
        default=True,
    )
    drain_days: int = setting(
        NumberValue(1, 3650),
        """How many days an office that is draining stays readable before it counts as removed.""",
        default=30,
    )
    purge_days: int = setting(
        NumberValue(1, 3650),
        """How many days what an office sent is kept, hidden, after it was removed or blocked.
        Allowed again within that time, everything is there again, follows included.""",
        default=30,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Which services may carry notifications to people's apps."""

    hosts: tuple[str, ...] = setting(
        ListValue(TextValue()),
        """Hosts of push services, such as `fcm.googleapis.com`, `web.push.apple.com`,
        `updates.push.services.mozilla.com`, or one of your own. Apps ask to be told through one of
        their makers' choice; what is not listed here is refused. The service sees when somebody is
        told of something, but not of what: messages are encrypted for the app.""",
        default=(),
    )
    networks: tuple[IpNetwork, ...] = setting(
        ListValue(NetworkValue()),
        "Private networks in which these hosts may lie, where the service is your own.",
        default=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Members and how they sign in."""

    password_minimum: int = setting(
        NumberValue(8, 128), "Characters that a new password has at least.", default=10
    )
    session_days: int = setting(
        NumberValue(1, 365), "How long a sign-in in the browser lasts.", default=30
    )
    argon2_time_cost: int = setting(
        NumberValue(1, 20), "Passes of the password hash; more is slower and safer.", default=3
    )
    argon2_memory_kib: int = setting(
        NumberValue(8, 4 * 1024 * 1024), "Memory of one password hash, in KiB.", default=65536
    )
    argon2_parallelism: int = setting(NumberValue(1, 16), "Lanes of one password hash.", default=2)
    sign_in_failures: int = setting(
        NumberValue(1, 1000),
        "Failed sign-ins, per account and address, before a pause is imposed.",
        default=10,
    )
    sign_in_pause_seconds: float = setting(
        SecondsValue(1, 86400), "How long that pause lasts.", default=300.0
    )
    max_fields: int = setting(NumberValue(0, 20), "Fields that a profile can have.", default=4)
    max_pins: int = setting(
        NumberValue(0, 50), "Posts that a member can pin to the profile.", default=5
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one person, application or address may cost. Each count is per process."""

    factor: float = setting(
        SecondsValue(0.001, 1_000_000), "Multiplies every rate limit below.", default=1.0
    )
    office_networks: tuple[IpNetwork, ...] = setting(
        ListValue(NetworkValue()),
        "Networks behind whose single addresses many people sit, such as your offices'.",
        default=(),
    )
    office_factor: float = setting(
        SecondsValue(1, 100_000),
        "Multiplies the limits per address for `office_networks`.",
        default=50.0,
    )
    member_calls: int = setting(
        NumberValue(1, 1_000_000), "Calls of one member in 5 minutes.", default=1500
    )
    token_calls: int = setting(
        NumberValue(1, 1_000_000), "Calls with one token in 5 minutes.", default=300
    )
    address_calls: int = setting(
        NumberValue(1, 1_000_000), "Calls without token from one address in 5 minutes.", default=300
    )
    paging_calls: int = setting(
        NumberValue(1, 1_000_000), "Older and newer pages of one member in 15 minutes.", default=300
    )
    posts: int = setting(
        NumberValue(1, 1_000_000), "Posts, edits and boosts of one member in 3 hours.", default=300
    )
    deletions: int = setting(
        NumberValue(1, 1_000_000), "Deletions of one member in 30 minutes.", default=30
    )
    follows: int = setting(
        NumberValue(1, 1_000_000), "Follows of one member in 24 hours.", default=400
    )
    reports: int = setting(
        NumberValue(1, 1_000_000), "Reports of one member in 24 hours.", default=400
    )
    uploads: int = setting(
        NumberValue(1, 1_000_000), "Uploads of one member in 30 minutes.", default=30
    )
    app_registrations: int = setting(
        NumberValue(1, 1_000_000), "Registered applications per address in 10 minutes.", default=5
    )
    sign_ups: int = setting(
        NumberValue(1, 1_000_000), "Attempts to sign up per address in 30 minutes.", default=5
    )
    mail_requests: int = setting(
        NumberValue(1, 1_000_000),
        "Mails with a link that are asked for per address in 30 minutes.",
        default=5,
    )
    sign_ins: int = setting(
        NumberValue(1, 1_000_000), "Attempts to sign in per address in 5 minutes.", default=25
    )
    file_calls: int = setting(
        NumberValue(1, 10_000_000), "Pictures loaded from one address in 5 minutes.", default=6000
    )
    stream_calls: int = setting(
        NumberValue(1, 1_000_000), "Streams opened from one address in 5 minutes.", default=1000
    )
    connections_per_address: int = setting(
        NumberValue(1, 100_000),
        "Open connections from one address; proxies in `server.trusted_proxies` are free.",
        default=200,
    )
    header_seconds: float = setting(
        SecondsValue(0.1, 600), "How long a request's headers may take to arrive.", default=10.0
    )
    body_seconds: float = setting(
        SecondsValue(0.1, 3600),
        "How long a request's body may take to arrive; uploads get more by their size.",
        default=30.0,
    )
    keepalive_seconds: float = setting(
        SecondsValue(1, 3600), "How long an idle connection stays open.", default=75.0
    )
    drain_seconds: float = setting(
        SecondsValue(0, 600), "How long a stopping server finishes its requests.", default=25.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What is written to standard error."""

    level: str = setting(
        WordValue("debug", "info", "warning", "error"),
        "The least severe that is written.",
        default="info",
    )
    format: str = setting(
        WordValue("auto", "json", "text"),
        "One JSON object a line, or text for people; `auto` is text on a terminal.",
        default="auto",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration of one office."""

    server: Server
    storage: Storage = Storage()
    database: Database = Database()
    network: Network = Network()
    delivery: Delivery = Delivery()
    federation: Federation = Federation()
    push: Push = Push()
    accounts: Accounts = Accounts()
    registration: Registration = Registration()
    mail: Mail = Mail()
    posts: Posts = Posts()
    media: Media = Media()
    limits: Limits = Limits()
    logs: Logs = Logs()

    @property
    def data_dir(self) -> Path:
        """Folder of the private cluster and of everything that has no folder of its own."""
        return self.storage.data_dir

    @property
    def media_dir(self) -> Path:
        return self.storage.media_dir or self.storage.data_dir / "media"

    @property
    def key_path(self) -> Path:
        return self.storage.key_path or self.storage.data_dir / "secret.key"

    @property
    def confirms_email(self) -> bool:
        """Whether those who sign up must show that their address is theirs."""
        wish = self.registration.confirm_email
        return self.mail.host is not None if wish is None else wish

    @property
    def migrates_on_start(self) -> bool:
        """Whether `serve` may change the schema."""
        wish = self.database.migrate_on_start
        return self.database.url is None if wish is None else wish
