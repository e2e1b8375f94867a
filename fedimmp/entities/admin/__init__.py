"""Entities that only staff sees."""
