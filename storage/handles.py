"""How the name part of a handle is compared."""


def username_key(username: str) -> str:
    """Return the form under which a user name is unique."""
    return username.casefold()
