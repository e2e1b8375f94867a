"""Only the gate opens connections to others, and no certificate goes unchecked."""

import ast
import re

from tests.house.source import Module, modules

# The gate; what hands mail to the configured server; what listens; the database and its private
# cluster; and commands that ask the office's own server whether it is well, or play its members.
MAY_CONNECT = (
    "activitypub/connections.py",
    "activitypub/gate.py",
    "activitypub/network.py",
    "activitypub/proxy.py",
    "fedimmp/cli/demo.py",
    "fedimmp/cli/demo_seed.py",
    "fedimmp/cli/serving.py",
    "fedimmp/mail/smtp.py",
    "fedimmp/web/server.py",
    "storage/",
)
CLIENTS = {
    "aiohttp",
    "aiosmtplib",
    "ftplib",
    "http.client",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
}
# Of aiohttp, what a server needs.
SERVER = {
    "BodyPartReader",
    "HttpVersion11",
    "MultipartReader",
    "WSCloseCode",
    "WSMsgType",
    "hdrs",
    "web",
    "web_protocol",
}
CALLS = {
    "open_connection",
    "open_unix_connection",
    "create_connection",
    "create_datagram_endpoint",
    "sock_connect",
    "urlopen",
    "ClientSession",
}
BLIND = re.compile(
    r"CERT_NONE|CERT_OPTIONAL|check_hostname\s*=|verify_mode\s*=|_create_unverified_context"
    r"|verify_ssl|ssl\s*=\s*False|verify\s*=\s*False|trust_env\s*=\s*True"
)


def _connects(module: Module) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name in CLIENTS]
            case ast.ImportFrom(module=str(name), names=names) if name in CLIENTS:
                found += [each.name for each in names if each.name not in SERVER]
            case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
                found += [name] if name in CALLS else []
    return found


def test_only_the_gate_opens_connections() -> None:
    found = {
        module.path: names
        for module in modules("fedimmp", "activitypub", "storage")
        if not module.path.startswith(MAY_CONNECT) and (names := _connects(module))
    }
    assert found == {}
    # The search sees what is there.
    (gate,) = [each for each in modules("activitypub") if each.path.endswith("/connections.py")]
    assert {"aiohttp", "ClientSession"} <= set(_connects(gate))


def test_no_switch_turns_verification_off() -> None:
    found = [
        f"{module.path}:{number}"
        for module in modules("fedimmp", "activitypub", "storage")
        # The health check asks this very machine, whose certificate is for another name.
        if module.path != "fedimmp/cli/serving.py"
        for number, line in enumerate(module.text.splitlines(), start=1)
        if BLIND.search(line)
    ]
    assert found == []
