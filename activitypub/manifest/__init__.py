"""The signed manifest of an organisation: one list of offices that one person keeps for all.

content     what is said, as values and as bytes
keys        the keys that sign, in their files, and fingerprints
signing     the publisher's side: metadata of The Update Framework
verifying   the subscriber's side: what is refused, and why
"""
