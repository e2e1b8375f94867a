-- compatible-with: 3
--
-- Whom this office trusts: what its administrators and its organisation say, and what follows.

-- ------------------------------------------------------------------------------------- entries

-- One entry is about a host, or, as `*.corp.example`, about all hosts below one. A term that is
-- NULL says nothing, so that what another entry says about the host holds, or the default.
CREATE TABLE trust_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pattern text NOT NULL,
    source text NOT NULL CHECK (source IN ('local', 'manifest')),
    state text NOT NULL
        CHECK (state IN ('allowed', 'limited', 'draining', 'removed', 'blocked')),
    public_feed boolean,
    media boolean,                         -- whether its files are fetched and shown
    reports boolean,                       -- whether what it reports is looked at
    groups boolean,                        -- whether what its groups pass on is taken
    networks text[],
    media_hosts text[],
    signing_hosts text[],                  -- hosts of its actors, where its handles name this one
    signature_scheme text CHECK (signature_scheme IN ('auto', 'cavage', 'rfc9421')),
    note text NOT NULL DEFAULT '',
    expires_at timestamptz,                -- from then on it counts as removed
    changed_by text NOT NULL,
    version integer NOT NULL DEFAULT 1,    -- of the entry: whoever changes it says which one was seen
    state_since timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (pattern, source)
);
CREATE INDEX trust_entries_signing ON trust_entries USING gin (signing_hosts);

-- A block of staff stands in `domain_blocks` as well; the entry below it is as it was before.
INSERT INTO trust_entries (pattern, source, state, public_feed, networks, media_hosts,
                           signature_scheme, note, changed_by, state_since, created_at, updated_at)
SELECT peers.host,
       'local',
       CASE
           WHEN domain_blocks.host IS NULL THEN peers.state
           WHEN domain_blocks.was_allowed THEN 'allowed'
           ELSE 'removed'
       END,
       NULLIF(peers.public_feed, true),
       NULLIF(peers.networks, '{}'),
       NULLIF(peers.media_hosts, '{}'),
       NULLIF(peers.signature_scheme, 'auto'),
       peers.note,
       'cli',
       peers.updated_at,
       peers.created_at,
       peers.updated_at
FROM peers
LEFT JOIN domain_blocks
    ON domain_blocks.host = peers.host
   AND domain_blocks.severity = 'suspend'
   AND peers.state = 'blocked';

-- --------------------------------------------------------------------------------------- peers

-- What follows from all entries about a host; hosts below a wildcard get a row when they are met.
ALTER TABLE peers
    DROP CONSTRAINT peers_state_check,
    ADD CONSTRAINT peers_state_check
        CHECK (state IN ('allowed', 'limited', 'draining', 'removed', 'blocked')),
    ADD COLUMN pattern text,               -- of the entry that decides
    ADD COLUMN source text,
    ADD COLUMN media boolean NOT NULL DEFAULT true,
    ADD COLUMN reports boolean NOT NULL DEFAULT true,
    ADD COLUMN groups boolean NOT NULL DEFAULT true,
    ADD COLUMN signing_hosts text[] NOT NULL DEFAULT '{}',
    ADD COLUMN expires_at timestamptz,     -- from then on it counts as removed
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN purged_at timestamptz,      -- what it had sent is gone since then
    ADD COLUMN refused_at timestamptz,     -- when it refused us last
    ADD COLUMN refused_reason text;
UPDATE peers SET pattern = host, source = 'local', state_since = updated_at;
UPDATE peers
SET state = 'limited'
FROM domain_blocks
WHERE domain_blocks.host = peers.host
    AND domain_blocks.severity = 'silence'
    AND peers.state = 'allowed';
UPDATE peers
SET media = NOT domain_blocks.reject_media,
    reports = NOT domain_blocks.reject_reports
FROM domain_blocks
WHERE domain_blocks.host = peers.host;
CREATE INDEX peers_ending ON peers (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX peers_pattern ON peers (pattern);

-- Follows that ended because the office of one side is not trusted any more; they come back with it.
CREATE TABLE severed_follows (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    uri text NOT NULL,
    state text NOT NULL,
    reblogs boolean NOT NULL,
    notify boolean NOT NULL,
    languages text[],
    created_at timestamptz NOT NULL,
    host text NOT NULL,
    severed_at timestamptz NOT NULL
);
CREATE INDEX severed_follows_host ON severed_follows (host);
CREATE INDEX severed_follows_account ON severed_follows (account_id);
CREATE INDEX severed_follows_target ON severed_follows (target_id);

-- --------------------------------------------------------------------------------------- knocks

ALTER TABLE knocks
    ADD COLUMN actor_uri text,             -- whom the request named, unproved
    ADD COLUMN actor_host text,
    ADD COLUMN ignored_at timestamptz;
CREATE INDEX knocks_actor ON knocks (actor_host);
