"""The console: pages on which staff looks after the office, without scripts."""
