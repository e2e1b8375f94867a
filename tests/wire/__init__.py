"""Offices that talk to each other, and to peers that misbehave."""
