"""Turns verified foreign documents into rows, inside the caller's transaction."""
