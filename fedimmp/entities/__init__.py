"""Rows as the objects of the Mastodon API: plain functions that give what orjson writes."""
