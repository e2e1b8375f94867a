"""Fetches from other instances and verifies what comes back; writes nothing."""
