"""Arguments written so that PostgreSQL keeps a statement's plan."""


def any_of(parameter: int) -> str:
    """Return `ANY (...)` over a parameter with ids, whose number PostgreSQL does not look at.

    Otherwise it believes that a plan for this number is better than one for all, and plans the
    statement each time it runs: 3 ms for one that then runs 0.1 ms.
    """
    return f"ANY ((SELECT ${parameter}::bigint[])::bigint[])"
