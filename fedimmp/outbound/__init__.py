"""What we send: activities built from rows, and the inboxes that they go to."""
