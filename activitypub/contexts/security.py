"""The terms of the security vocabularies that keys and proofs use."""

from typing import Any, Final

_SEC: Final = "https://w3id.org/security#"

SECURITY: Final[dict[str, str | dict[str, Any]]] = {
    "Key": _SEC + "Key",
    "Multikey": _SEC + "Multikey",
    "DataIntegrityProof": _SEC + "DataIntegrityProof",
    "assertionMethod": {"@id": _SEC + "assertionMethod", "@type": "@id"},
    "authentication": {"@id": _SEC + "authenticationMethod", "@type": "@id"},
    "controller": {"@id": _SEC + "controller", "@type": "@id"},
    "owner": {"@id": _SEC + "owner", "@type": "@id"},
    "publicKey": {"@id": _SEC + "publicKey", "@type": "@id"},
    "publicKeyMultibase": _SEC + "publicKeyMultibase",
    "publicKeyPem": _SEC + "publicKeyPem",
    "cryptosuite": _SEC + "cryptosuite",
    "proofPurpose": {"@id": _SEC + "proofPurpose", "@type": "@vocab"},
    "proofValue": _SEC + "proofValue",
    "verificationMethod": {"@id": _SEC + "verificationMethod", "@type": "@id"},
}
