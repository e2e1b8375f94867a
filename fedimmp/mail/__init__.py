"""Mail: addresses, what the letters say, and the one connection to the SMTP server."""
