"""ActivityPub as a library: documents, signatures, discovery and one guarded HTTP client.

It knows URIs and JSON. It knows no database ids and no configuration, never calls back into the
product, and asks a Policy value that its caller passes in wherever it needs a decision.
"""
