"""Documents that others collected from the field, each posted to an office of ours.

`python -m tests.corpora` writes docs/federation/documents.md anew: case, answer, what readers see.
"""
