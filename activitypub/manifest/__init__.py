"""The signed manifest of an organisation: one list of offices that one person keeps for all.

content     what is said, as values and as bytes
keys        the keys that sign, in their files, and fingerprints
signing     the publisher's side: metadata of The Update Framework
verifying   the subscriber's side: what is refused, and why
bundles     all of it as one file, to be carried by hand
"""

from typing import Final

# Where the office that publishes hands out the files, to members of the organisation.
PATH: Final = "/.well-known/fedimmp-organisation"
