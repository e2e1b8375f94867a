"""Streams: events as they happen, by WebSocket and as server-sent events."""
