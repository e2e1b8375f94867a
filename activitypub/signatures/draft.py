"""The two functions of httpsig that are used: the draft's signing string and header template.

They serve to sign; what is verified is built in `cavage`. httpsig's own signers and verifiers are
never used: they let the sender choose the algorithm, and accept a forgery by HMAC with the public
key.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


def _import_utilities() -> Any:
    """Import httpsig without setuptools: it asks pkg_resources for its own version, no more."""
    stub = ModuleType("pkg_resources")

    class DistributionNotFound(Exception):
        pass

    def get_distribution(_name: str) -> Any:
        raise DistributionNotFound

    vars(stub).update(DistributionNotFound=DistributionNotFound, get_distribution=get_distribution)
    previous = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = stub
    try:
        return importlib.import_module("httpsig.utils")
    finally:
        if previous is None:
            del sys.modules["pkg_resources"]
        else:
            sys.modules["pkg_resources"] = previous


_utilities = _import_utilities()


def signing_string(
    names: tuple[str, ...], values: dict[str, str], *, method: str, target: str
) -> bytes:
    """Return the bytes that a signature covers (draft-cavage-12 section 2.3).

    values holds the covered headers, and "(created)" and "(expires)" where they are covered.
    Raises ValueError where a header is missing or is not ASCII.
    """
    if missing := [name for name in names if name != "(request-target)" and name not in values]:
        raise ValueError(f"The header {missing[0]} is missing.")
    result: bytes = _utilities.generate_message(list(names), values, method=method, path=target)
    return result


def signature_header(key_id: str, algorithm: str, names: tuple[str, ...], signature: str) -> str:
    """Return the value of the Signature header (draft-cavage-12 section 4)."""
    template: str = _utilities.build_signature_template(
        key_id.replace("%", "%%"), algorithm, list(names), sign_header="signature"
    )
    return template % signature
