"""What other offices ask us for, and where they post to: ActivityPub and discovery over HTTP."""
