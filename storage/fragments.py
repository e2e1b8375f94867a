"""The conditions that decide what a person, or a peer, may see: one SQL text for every read.

Each function takes the alias of a table in our own statements and the number of a parameter, and
returns a condition; nothing of a request ever enters these texts. A condition whose viewer is NULL
is that of somebody without an account.
"""


def peer_talks(peer: str) -> str:
    """Traffic flows to and from the peer at this moment."""
    return f"({peer}.state IN ('allowed', 'limited') AND {_is_in_time(peer)})"


def peer_is_shown(peer: str) -> str:
    """What came from the peer may be read here: one that is draining says nothing new."""
    return f"({peer}.state IN ('allowed', 'limited', 'draining') AND {_is_in_time(peer)})"


def _is_in_time(peer: str) -> str:
    return f"({peer}.expires_at IS NULL OR {peer}.expires_at > now())"


def account_is_reachable(account: str) -> str:
    """Our own account, or one of a host whose people may be seen here now."""
    return (
        f"({account}.domain IS NULL OR EXISTS ("
        f" SELECT 1 FROM peers"
        f" WHERE peers.host = {account}.domain AND {peer_is_shown('peers')}))"
    )


def account_is_present(account: str) -> str:
    """Reachable, and neither suspended nor deleted."""
    return (
        f"({account}.suspended_at IS NULL AND {account}.deleted_at IS NULL"
        f" AND {account_is_reachable(account)})"
    )


def _author_is_present(status: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM accounts AS author"
        f" WHERE author.id = {status}.account_id AND {account_is_present('author')})"
    )


def _shown_to(status: str, viewer: str) -> str:
    """The audience of one status, without regard to what it boosts."""
    return f"""(
        {_author_is_present(status)}
        AND (
            {status}.account_id = {viewer}
            OR ({status}.visibility IN ('public', 'unlisted')
                AND NOT EXISTS (
                    SELECT 1 FROM blocks AS hidden
                    WHERE hidden.account_id = {status}.account_id
                      AND hidden.target_id = {viewer}))
            OR EXISTS (
                SELECT 1 FROM mentions AS addressed
                WHERE addressed.status_id = {status}.id
                  AND addressed.account_id = {viewer})
            OR ({status}.visibility = 'private'
                AND EXISTS (
                    SELECT 1 FROM follows AS followed
                    WHERE followed.account_id = {viewer}
                      AND followed.target_id = {status}.account_id
                      AND followed.state = 'accepted'))
        )
    )"""


def status_is_visible(status: str, viewer: str) -> str:
    """The viewer may see the status; of a boost, the boosted status as well.

    Public and unlisted: everyone whom the author does not block. Private: the author, accepted
    followers, the people mentioned. Direct: the author and the people mentioned. Nobody sees what
    comes from a suspended or deleted account, or from a host that is not allowed.
    """
    return f"""({_shown_to(status, viewer)}
        AND ({status}.reblog_of_id IS NULL
             OR EXISTS (
                SELECT 1 FROM statuses AS boosted
                WHERE boosted.id = {status}.reblog_of_id
                  AND {_shown_to("boosted", viewer)})))"""


def status_is_visible_to_host(status: str, host: str) -> str:
    """Somebody at this allowed host is in the audience: everyone, a follower, or one addressed."""
    return f"""(
        {_author_is_present(status)}
        AND EXISTS (
            SELECT 1 FROM peers WHERE peers.host = {host} AND {peer_talks("peers")})
        AND (
            {status}.visibility IN ('public', 'unlisted')
            OR EXISTS (
                SELECT 1
                FROM mentions AS addressed
                JOIN accounts AS reader ON reader.id = addressed.account_id
                WHERE addressed.status_id = {status}.id
                  AND reader.domain = {host})
            OR ({status}.visibility = 'private'
                AND EXISTS (
                    SELECT 1
                    FROM follows AS followed
                    JOIN accounts AS reader ON reader.id = followed.account_id
                    WHERE followed.target_id = {status}.account_id
                      AND followed.state = 'accepted'
                      AND reader.domain = {host}))
        )
    )"""


def office_is_blocked(account_id: str, viewer: str) -> str:
    """The viewer wants nothing of the office of the account."""
    return f"""EXISTS (
            SELECT 1
            FROM account_domain_blocks AS barred
            JOIN accounts AS outsider ON outsider.domain = barred.domain
            WHERE barred.account_id = {viewer}
              AND outsider.id = {account_id})"""


def account_is_welcome(account_id: str, viewer: str) -> str:
    """Neither blocks the other, and the viewer does not mute the account or block its office."""
    return f"""(
        NOT EXISTS (
            SELECT 1 FROM blocks AS block
            WHERE (block.account_id = {viewer} AND block.target_id = {account_id})
               OR (block.account_id = {account_id} AND block.target_id = {viewer}))
        AND NOT EXISTS (
            SELECT 1 FROM mutes AS mute
            WHERE mute.account_id = {viewer}
              AND mute.target_id = {account_id}
              AND (mute.expires_at IS NULL OR mute.expires_at > now()))
        AND NOT {office_is_blocked(account_id, viewer)}
    )"""


def status_is_welcome(status: str, viewer: str) -> str:
    """The viewer wants to see its author and, of a boost, the author of what it boosts."""
    return f"""({account_is_welcome(f"{status}.account_id", viewer)}
        AND ({status}.reblog_of_id IS NULL
             OR NOT EXISTS (
                SELECT 1 FROM statuses AS boosted
                WHERE boosted.id = {status}.reblog_of_id
                  AND NOT {account_is_welcome("boosted.account_id", viewer)})))"""


def status_is_shown(status: str, author: str, viewer: str) -> str:
    """`status_is_visible` of a status that is no boost, where its author's row is joined.

    Written so that a page costs little: what concerns the viewer alone is looked up once, and the
    rest only where it decides. Of a boost, the boosted status is to be asked about by itself.
    """
    return f"""(
        {author}.suspended_at IS NULL
        AND {author}.deleted_at IS NULL
        AND ({author}.domain IS NULL OR (
            SELECT true FROM peers
            WHERE peers.host = {author}.domain AND {peer_is_shown("peers")}))
        AND (
            {status}.account_id = {viewer}
            OR ({status}.visibility IN ('public', 'unlisted')
                AND {status}.account_id <> ALL (ARRAY(
                    SELECT hidden.account_id FROM blocks AS hidden
                    WHERE hidden.target_id = {viewer})))
            OR (SELECT true FROM mentions AS addressed
                WHERE addressed.status_id = {status}.id
                  AND addressed.account_id = {viewer})
            OR ({status}.visibility = 'private'
                AND (SELECT true FROM follows AS followed
                     WHERE followed.account_id = {viewer}
                       AND followed.target_id = {status}.account_id
                       AND followed.state = 'accepted'))
        )
    )"""


def author_is_wanted(status: str, author: str, viewer: str) -> str:
    """`account_is_welcome` for the author of a status, whose row is joined, at little cost."""
    return f"""(
        {status}.account_id <> ALL (ARRAY(
            {estranged_accounts(viewer)}
            UNION ALL
            SELECT mute.target_id FROM mutes AS mute
            WHERE mute.account_id = {viewer}
              AND (mute.expires_at IS NULL OR mute.expires_at > now())))
        AND ({author}.domain IS NULL OR {author}.domain <> ALL (ARRAY(
            SELECT barred.domain FROM account_domain_blocks AS barred
            WHERE barred.account_id = {viewer})))
    )"""


def estranged_accounts(viewer: str) -> str:
    """Return a query for the accounts that the viewer blocks, and those that block the viewer."""
    return f"""
        SELECT block.target_id FROM blocks AS block WHERE block.account_id = {viewer}
        UNION ALL
        SELECT block.account_id FROM blocks AS block WHERE block.target_id = {viewer}
    """


def account_is_unlimited(account: str) -> str:
    """Staff limits neither the account nor its office, so nobody minds if it is proposed."""
    return f"""(
        {account}.silenced_at IS NULL
        AND NOT EXISTS (
            SELECT FROM peers AS quiet
            WHERE quiet.host = {account}.domain
              AND quiet.state = 'limited'))"""


def account_is_heard(account_id: str, viewer: str) -> str:
    """Staff limits neither the account nor its office, or the viewer follows it, or is it."""
    return f"""(
        NOT EXISTS (
            SELECT 1
            FROM accounts AS speaker
            LEFT JOIN peers AS quiet
                ON quiet.host = speaker.domain
               AND quiet.state = 'limited'
            WHERE speaker.id = {account_id}
              AND (speaker.silenced_at IS NOT NULL OR quiet.host IS NOT NULL)
              AND speaker.id IS DISTINCT FROM {viewer})
        OR EXISTS (
            SELECT 1 FROM follows AS hearing
            WHERE hearing.account_id = {viewer}
              AND hearing.target_id = {account_id}
              AND hearing.state = 'accepted'))"""


def reached_accounts(status: str) -> str:
    """Return a query for the accounts that hold a status besides its audience.

    They answered, boosted, favourited or quoted it, or wrote what it quotes: their offices have to
    hear of its edits and of its end. `status` is the alias of its row.
    """
    return f"""
        SELECT r.account_id FROM statuses AS r WHERE r.in_reply_to_id = {status}.id
        UNION SELECT b.account_id FROM statuses AS b WHERE b.reblog_of_id = {status}.id
        UNION SELECT f.account_id FROM favourites AS f WHERE f.status_id = {status}.id
        UNION SELECT n.account_id
        FROM status_quotes AS q
        JOIN statuses AS n ON n.id = q.status_id
        WHERE q.quoted_uri = {status}.uri
        UNION SELECT o.account_id
        FROM status_quotes AS q
        JOIN statuses AS o ON o.uri = q.quoted_uri
        WHERE q.status_id = {status}.id
    """
