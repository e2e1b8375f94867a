"""Sign-in and OAuth 2: how an app gets a member's token, and the pages on which members agree."""
