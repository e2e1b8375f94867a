"""The configuration: what is read from where, and the sentence for each mistake."""

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from fedimmp.config import ConfigError, Rule, RuleText, find_file, load
from fedimmp.config.loading import settings
from fedimmp.config.rendering import as_toml, example, in_force
from fedimmp.config.texts import Terms, read_texts

ORIGIN = {"FEDIMMP_SERVER__ORIGIN": "https://hq.example"}


def problems(path: Path | None, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return caught.value.problems


def write(folder: Path, text: str) -> Path:
    path = folder / "fedimmp.toml"
    path.write_text(text)
    return path


def test_file_and_environment_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[server]\norigin = "https://hq.example"\nname = "HQ"\n'
        '[limits]\nposts = 7\noffice_networks = ["10.1.0.0/16"]\n',
    )
    loaded = load(path, {"FEDIMMP_SERVER__NAME": "Head office", "FEDIMMP_LIMITS__FACTOR": "2.5"})
    config = loaded.config
    assert config.server.origin == "https://hq.example"
    assert config.server.name == "Head office"
    assert config.limits.posts == 7
    assert config.limits.factor == 2.5
    assert config.limits.office_networks == (ip_network("10.1.0.0/16"),)
    assert loaded.sources["server.origin"] == f"{path}:2"
    assert loaded.sources["server.name"] == "FEDIMMP_SERVER__NAME"
    assert loaded.sources["posts.max_characters"] == "default"


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\norigin = "https://hq.example"\n[storage]\ndata_dir = "d"\n')
    config = load(path, {}).config
    assert config.data_dir == tmp_path / "d"
    assert config.media_dir == tmp_path / "d" / "media"
    assert config.key_path == tmp_path / "d" / "secret.key"


def test_an_empty_variable_leaves_the_default() -> None:
    assert load(None, ORIGIN | {"FEDIMMP_SERVER__TRUSTED_PROXIES": ""}).config.server.name


def test_lists_in_the_environment_are_separated_by_commas() -> None:
    environ = ORIGIN | {"FEDIMMP_SERVER__TRUSTED_PROXIES": "10.0.0.1, 10.2.0.0/16"}
    trusted = load(None, environ).config.server.trusted_proxies
    assert trusted == (ip_network("10.0.0.1/32"), ip_network("10.2.0.0/16"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'orign = "https://a.example"',
            ':2: unknown setting "server.orign"; did you mean "server.',
        ),
        ("name = 5", ":2: server.name must be text in quotation marks."),
        ("languages = 'en'", ":2: server.languages must be a list in square brackets."),
        ("listen = '8080'", ":2: server.listen must be an address and a port such as"),
        ("trusted_proxies = ['10.0.0.1/8']", 'server.trusted_proxies has "10.0.0.1/8", which is'),
    ],
)
def test_each_mistake_is_a_sentence_with_line_and_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    found = problems(write(tmp_path, f"[server]\n{text}\n"), dict(ORIGIN))
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\ntls_key = '/none'", "server.tls_certificate and server.tls_key must be set"),
        ("[databse]\nurl = 'x'\n", ':1: unknown section "databse"; did you mean "database"?'),
        ("\n[database]\n\npool_size = true", ":4: database.pool_size must be a whole number."),
        ("[database]\npool_size = 1", ":2: database.pool_size must be between 2 and 200."),
        ("[limits]\nfactor = nan", ":2: limits.factor must be between"),
        ("[server\n", "is not valid TOML"),
        ("name = 'x'", ':1: unknown setting "name"'),
        ("[database]\nurl = 'mysql://x'", "database.url must begin with postgresql://."),
        ("[database]\nmigrate_on_start = 'yes'", ":2: database.migrate_on_start must be true or"),
        ("[network]\nca_bundle = 'none.pem'", "network.ca_bundle names"),
        ("[network]\nnameservers = ['one.example']", 'network.nameservers has "one.example"'),
        ("[network]\nproxy = 'proxy.example:3128'", "network.proxy is not the address of a proxy"),
        ("[network]\nproxy = 'socks5://x.example:1'", "network.proxy is not the address of"),
        ("[network]\nproxy = 'http://x.example'", "network.proxy is not the address of a proxy"),
        ("[network]\nproxy = 'http://x.example:1/x'", "network.proxy is not the address of"),
    ],
)
def test_mistakes_elsewhere(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in problems(write(tmp_path, text), dict(ORIGIN))[0]


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nname = 1\nlisten = 2\n[posts]\nmax_charakters = 3\n")
    assert len(problems(path, dict(ORIGIN))) == 3


def test_the_origin_is_mandatory(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\n")
    found = problems(path, {})
    assert len(found) == 1
    assert found[0].startswith(f"server.origin is not set: write it below [server] in {path}, or")
    assert found[0].endswith("FEDIMMP_SERVER__ORIGIN.")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://hq.example", "https://hq.example"),
        ("https://hq.example/", "https://hq.example"),
        ("https://hq.example:443", "https://hq.example"),
        ("https://hq.example:8443", "https://hq.example:8443"),
        ("HTTPS://HQ.Example", "https://hq.example"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://localhost:80", "http://localhost"),
        ("http://hq.localhost:8001", "http://hq.localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_an_origin_is_read_into_one_form(written: str, meant: str) -> None:
    assert load(None, {"FEDIMMP_SERVER__ORIGIN": written}).config.server.origin == meant


@pytest.mark.parametrize(
    "written",
    [
        "http://hq.example",
        "http://10.0.0.1",
        "hq.example",
        "https://hq.example/path",
        "https://ana@hq.example",
        "https://hq.example?x=1",
        "https://hq.example:99999",
        "https://bücher.example",
        "https://hq example",
        "ftp://hq.example",
        "https://",
    ],
)
def test_what_is_no_origin_is_refused(written: str) -> None:
    found = problems(None, {"FEDIMMP_SERVER__ORIGIN": written})
    assert len(found) == 1
    assert found[0].startswith("FEDIMMP_SERVER__ORIGIN: server.origin ")


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://ana:pw@db/x\n")
    by_variable = load(None, ORIGIN | {"FEDIMMP_DATABASE__URL_FILE": str(secret)})
    path = write(tmp_path, '[database]\nurl_file = "url"\n')
    by_toml = load(path, dict(ORIGIN))
    assert by_variable.config.database.url == "postgresql://ana:pw@db/x"
    assert by_toml.config.database.url == "postgresql://ana:pw@db/x"


def test_a_secret_file_that_is_missing_or_double_is_a_sentence(tmp_path: Path) -> None:
    missing = problems(None, ORIGIN | {"FEDIMMP_DATABASE__URL_FILE": "/nowhere/url"})
    assert len(missing) == 1
    assert missing[0].startswith("FEDIMMP_DATABASE__URL_FILE: the secret file /nowhere/url cannot")
    secret = tmp_path / "url"
    secret.write_text("postgresql://x")
    both = {
        "FEDIMMP_DATABASE__URL_FILE": str(secret),
        "FEDIMMP_DATABASE__URL": "postgresql://y",
    }
    assert "given twice" in problems(None, ORIGIN | both)[0]


def test_only_secrets_may_lie_in_files() -> None:
    assert "unknown setting" in problems(None, ORIGIN | {"FEDIMMP_SERVER__NAME_FILE": "/x"})[0]
    assert not [setting.name for setting in settings() if setting.key.endswith("_file")]


def test_a_proxy_is_a_secret_since_it_may_hold_a_password(tmp_path: Path) -> None:
    secret = tmp_path / "proxy"
    secret.write_text("http://us:pass@proxy.example:3128\n")
    loaded = load(None, ORIGIN | {"FEDIMMP_NETWORK__PROXY_FILE": str(secret)})
    assert loaded.config.network.proxy == "http://us:pass@proxy.example:3128"
    assert "pass@" not in str(in_force(loaded))
    plain = load(None, ORIGIN | {"FEDIMMP_NETWORK__PROXY": "https://proxy.example:3129"})
    assert plain.config.network.proxy == "https://proxy.example:3129"


def test_an_unknown_variable_names_the_nearest() -> None:
    found = problems(None, ORIGIN | {"FEDIMMP_SERVER__LISTN": "x"})
    assert found == (
        'FEDIMMP_SERVER__LISTN: unknown setting "server.listn"; did you mean "server.listen"?',
    )


def test_secrets_are_hidden_where_settings_are_shown() -> None:
    loaded = load(None, ORIGIN | {"FEDIMMP_DATABASE__URL": "postgresql://ana:hunter2@db/x"})
    rows = {row["name"]: row for row in in_force(loaded)}
    assert "hunter2" not in str(rows)
    assert rows["database.url"]["value"] == "(secret)"
    assert rows["database.url"]["source"] == "FEDIMMP_DATABASE__URL"
    assert rows["database.direct_url"]["value"] == "unset"


def test_the_example_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, example())
    loaded = load(path, {})
    changed = [name for name, source in loaded.sources.items() if source != "default"]
    assert changed == ["server.origin"]
    for setting in settings():
        assert f"{setting.key} =" in example()


def test_every_default_survives_being_written_and_read(tmp_path: Path) -> None:
    lines: dict[str, list[str]] = {}
    for setting in settings():
        if not setting.is_mandatory and setting.default is not None:
            lines.setdefault(setting.section, []).append(
                f"{setting.key} = {as_toml(setting.default)}"
            )
    text = "".join(f"[{section}]\n" + "\n".join(keys) + "\n" for section, keys in lines.items())
    plain = load(write(tmp_path, "[server]\n"), dict(ORIGIN)).config
    assert load(write(tmp_path, text), dict(ORIGIN)).config == plain


def test_the_file_is_looked_for_in_its_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_file(None, {}) is None
    path = write(tmp_path, "")
    assert find_file(None, {}) == Path("fedimmp.toml")
    assert find_file(path, {"FEDIMMP_CONFIG": "/nowhere"}) == path
    with pytest.raises(ConfigError, match="/nowhere does not exist"):
        find_file(None, {"FEDIMMP_CONFIG": "/nowhere"})


def test_a_folder_that_must_not_be_entered_holds_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    assert find_file(None, {}) is None


def test_registration_and_mail_must_fit_together() -> None:
    def told(**values: str) -> tuple[str, ...]:
        return problems(None, ORIGIN | {f"FEDIMMP_{key.upper()}": v for key, v in values.items()})

    assert "mail.sender" in told(mail__host="mail.corp.example")[0]
    assert "mail.host" in told(registration__confirm_email="true")[0]
    assert "no domain" in told(registration__email_domains="a b")[0]
    given = {"mail__host": "mail.corp.example", "mail__sender": "office@corp.example"}
    assert "together" in told(**given, mail__username="office")[0]
    secrets = {"mail__username": "office", "mail__password": "open sesame", "mail__tls": "none"}
    assert "unencrypted" in told(**given, **secrets)[0]
    assert "no address" in told(**given | {"mail__sender": "a@b@c"})[0]
    config = load(
        None,
        ORIGIN
        | {f"FEDIMMP_{key.upper()}": value for key, value in given.items()}
        | {"FEDIMMP_REGISTRATION__EMAIL_DOMAINS": "CORP.example, *.bücher.example"},
    ).config
    assert config.confirms_email
    assert config.registration.email_domains == ("corp.example", "*.xn--bcher-kva.example")
    assert not load(None, ORIGIN).config.confirms_email


def test_rules_have_hints_and_translations(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[server]\norigin = "https://hq.example"\nrules = ["No shouting.", {text = "Be kind.",'
        ' hint = "As at lunch.", translations = {de = {text = "Sei nett.", hint = "Wie beim'
        ' Essen."}, pt = "S\u00ea gentil."}}]\n',
    )
    loaded = load(path, {})
    translations = {
        "de": RuleText("Sei nett.", "Wie beim Essen."),
        "pt": RuleText("S\u00ea gentil."),
    }
    assert loaded.config.server.rules == (
        Rule("No shouting."),
        Rule("Be kind.", "As at lunch.", translations),
    )
    (shown,) = [row["value"] for row in in_force(loaded) if row["name"] == "server.rules"]
    again = write(tmp_path, f'[server]\norigin = "https://hq.example"\nrules = {shown}\n')
    assert load(again, {}).config.server.rules == loaded.config.server.rules
    environ = ORIGIN | {"FEDIMMP_SERVER__RULES": "Be kind., No shouting."}
    assert load(None, environ).config.server.rules == (Rule("Be kind."), Rule("No shouting."))


@pytest.mark.parametrize(
    "rule",
    [
        "7",
        '""',
        "{hint = 'x'}",
        "{text = 'x', tip = 'y'}",
        "{text = 'x', hint = 3}",
        "{text = 'x', translations = 'de'}",
        "{text = 'x', translations = {'not a language' = 'y'}}",
        "{text = 'x', translations = {de = {hint = 'y'}}}",
    ],
)
def test_a_rule_that_is_none_is_named(tmp_path: Path, rule: str) -> None:
    path = write(tmp_path, f'[server]\norigin = "https://hq.example"\nrules = [{rule}]\n')
    (problem,) = problems(path, {})
    assert problem.startswith(f"{path}:3: server.rules ")


def test_texts_are_files_beside_the_configuration(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[server]\norigin = "https://hq.example"\nprivacy_policy = "privacy.md"\n'
        'terms_of_service = "terms"\n',
    )
    terms = tmp_path / "terms"
    said = problems(path, {})
    assert [each.split(" ")[0] for each in said] == [
        "server.privacy_policy",
        "server.terms_of_service",
    ]
    (tmp_path / "privacy.md").write_text("*Nothing* leaves.")
    terms.mkdir()
    (terms / "2027-01-31.md").write_text("Be good.")
    (terms / ".hidden").write_text("")
    server = load(path, {}).config.server
    texts = read_texts(server.privacy_policy, server.terms_of_service, str.upper)
    assert texts.privacy_policy is not None
    assert texts.privacy_policy.html == "*NOTHING* LEAVES."
    assert texts.terms == (Terms("BE GOOD.", date(2027, 1, 31)),)
    assert texts.terms_in_force(date(2027, 1, 30)) is None
    assert texts.terms_in_force(date(2027, 1, 31)) == texts.terms[0]
    for name, content in (
        ("2027-02-30.md", b"x"),
        ("draft.md", b"x"),
        ("2027-02-01.md", b""),
        ("2027-02-01.md", b"\xff"),
        ("2027-02-01.md", b"x" * 300_000),
    ):
        (terms / name).write_bytes(content)
        (problem,) = problems(path, {})
        assert problem.startswith("server.terms_of_service ")
        (terms / name).unlink()
