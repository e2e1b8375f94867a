"""The Mastodon API: parse, authorise, call one use-case, render."""
