"""Text: what our people write becomes HTML, what others send becomes harmless HTML."""
