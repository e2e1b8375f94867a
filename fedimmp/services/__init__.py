"""Use-cases that our own people start: each opens the one transaction in which it acts."""
