"""HTTP message signatures: keys, digests and the draft-cavage scheme; schemes share Message."""
