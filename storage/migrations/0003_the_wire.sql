-- compatible-with: 1
--
-- What the whole protocol needs beside posts and follows.

-- ------------------------------------------------------------------------------------ signatures

ALTER TABLE peers
    ADD COLUMN signature_scheme text NOT NULL DEFAULT 'auto'
        CHECK (signature_scheme IN ('auto', 'cavage', 'rfc9421'));

-- --------------------------------------------------------------- peers: what they run, and who knocks

ALTER TABLE peers
    ADD COLUMN software_version text,
    ADD COLUMN software_read_at timestamptz; -- when its NodeInfo was read last
INSERT INTO jobs (kind, key, payload)
SELECT 'read_nodeinfo', host, jsonb_build_object('host', host) FROM peers WHERE state = 'allowed';

-- Hosts that signed requests and are not on the allowlist, for administrators to look at.
CREATE TABLE knocks (
    host text PRIMARY KEY,
    key_id text NOT NULL,                  -- the key that was named last; nobody fetched it
    count bigint NOT NULL,                 -- at least
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX knocks_last ON knocks (last_at);

-- ------------------------------------------------- people: moves, suspension, reports, featured tags

ALTER TABLE accounts
    ADD COLUMN also_known_as text[] NOT NULL DEFAULT '{}',
    ADD COLUMN moved_to_id bigint REFERENCES accounts ON DELETE SET NULL,
    ADD COLUMN moved_at timestamptz,       -- of the last Move that was obeyed, also if it was taken back
    ADD COLUMN featured_tags_url text,
    -- Only the office that suspended may lift it: its own word never ends a suspension of ours.
    ADD COLUMN suspended_by_origin boolean NOT NULL DEFAULT false;
CREATE INDEX accounts_moved_to ON accounts (moved_to_id) WHERE moved_to_id IS NOT NULL;

-- What members, and other offices, want a moderator of ours to look at.
CREATE TABLE reports (
    id bigint PRIMARY KEY,
    uri text,                              -- of the Flag of another office; NULL: a member of ours
    host text,                             -- of that office
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, -- who reports
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_ids bigint[] NOT NULL DEFAULT '{}',
    comment text NOT NULL DEFAULT '',
    category text NOT NULL DEFAULT 'other'
        CHECK (category IN ('spam', 'legal', 'violation', 'other')),
    rule_ids text[] NOT NULL DEFAULT '{}',
    forwarded boolean NOT NULL DEFAULT false,
    resolved_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (uri, target_id)
);
CREATE INDEX reports_host ON reports (host, created_at) WHERE host IS NOT NULL;
CREATE INDEX reports_account ON reports (account_id);
CREATE INDEX reports_target ON reports (target_id);
CREATE INDEX reports_open ON reports (id) WHERE resolved_at IS NULL;

-- Hashtags that somebody shows on the profile.
CREATE TABLE featured_tags (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, tag_id)
);
CREATE INDEX featured_tags_tag ON featured_tags (tag_id);

-- What an account leaves behind is found without reading whole tables.
CREATE INDEX notifications_from ON notifications (from_account_id);
CREATE INDEX poll_votes_account ON poll_votes (account_id);
CREATE INDEX account_notes_target ON account_notes (target_id);

-- ----------------------------------------------------------------------- emoji and reactions

ALTER TABLE media
    DROP CONSTRAINT media_purpose_check,
    ADD CONSTRAINT media_purpose_check
        CHECK (purpose IN ('attachment', 'avatar', 'header', 'emoji'));

-- What :shortcode: means at one office. The file belongs to the instance actor.
CREATE TABLE emojis (
    id bigint PRIMARY KEY,
    domain text,                           -- NULL for our own
    shortcode text NOT NULL,
    category text,
    media_id bigint NOT NULL REFERENCES media ON DELETE CASCADE,
    updated_at timestamptz,                -- as its office says
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX emojis_name ON emojis (COALESCE(domain, ''), shortcode);
CREATE INDEX emojis_media ON emojis (media_id);
CREATE INDEX emojis_domain ON emojis (domain);

-- What one person did to one post besides their favourite, which counts once: each can be taken
-- back on its own, and the favourite goes with the last.
CREATE TABLE further_reactions (
    uri text PRIMARY KEY,                  -- id of the Like or EmojiReact
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);
CREATE INDEX further_reactions_pair ON further_reactions (account_id, status_id);
CREATE INDEX further_reactions_status ON further_reactions (status_id);

-- ----------------------------------------------------------------------------------- threads

ALTER TABLE conversations ADD COLUMN fetched_at timestamptz; -- last look at other offices

-- Jobs are shared out among those who cause them, so that nobody's errands hold up all others.
ALTER TABLE jobs ADD COLUMN host text NOT NULL DEFAULT ''; -- the office that is asked, or asked for it
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (host, due_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_buried ON jobs (created_at) WHERE state = 'buried';
CREATE INDEX jobs_leased ON jobs (host, leased_until) WHERE leased_until IS NOT NULL;

-- --------------------------------------------------------------------------- quotes and consent

ALTER TABLE statuses
    ADD COLUMN quote_automatic text[],     -- whose quotes are approved unasked: 'public', 'followers',
                                           -- 'following', 'unsupported_policy'; NULL: nothing was said
    ADD COLUMN quote_manual text[],        -- whose quotes the author looks at first
    ADD COLUMN approved_by text;           -- where the author of the parent says that this reply is welcome

-- What a status quotes. The quoted status is found by its URI, so it may come later, or be gone.
CREATE TABLE status_quotes (
    status_id bigint PRIMARY KEY REFERENCES statuses ON DELETE CASCADE,
    quoted_uri text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'revoked')),
    legacy boolean NOT NULL DEFAULT false, -- said in a way that knows no consent: a link, until approved
    authorization_uri text,                -- only ever one that was verified, or is ours
    request_uri text                       -- the QuoteRequest
);
CREATE INDEX status_quotes_quoted ON status_quotes (quoted_uri, status_id);
CREATE INDEX status_quotes_request ON status_quotes (request_uri) WHERE request_uri IS NOT NULL;
CREATE INDEX status_quotes_authorization ON status_quotes (authorization_uri)
    WHERE authorization_uri IS NOT NULL;

-- Reactions of others that were asked for, and that one of ours agreed to; the id is the proof's.
CREATE TABLE approvals (
    id bigint PRIMARY KEY,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, -- who reacts
    kind text NOT NULL CHECK (kind IN ('like', 'reply', 'announce')),
    interacting_uri text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (status_id, account_id, kind, interacting_uri)
);
CREATE INDEX approvals_account ON approvals (account_id);

-- Whoever quotes a post is told of each of its edits, as whoever boosted it.
DROP INDEX notifications_once;
CREATE UNIQUE INDEX notifications_once
    ON notifications (account_id, type, from_account_id, COALESCE(status_id, 0))
    WHERE type NOT IN ('update', 'quoted_update');

-- ---------------------------------------------------------------------------------- deliveries

ALTER TABLE deliveries ADD COLUMN ended_at timestamptz; -- since when it waits no more
UPDATE deliveries SET ended_at = now() WHERE state <> 'waiting';
-- Lanes go with their deliveries, in whatever state these are.
CREATE INDEX deliveries_any ON deliveries (lane_id);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE state <> 'waiting';
CREATE INDEX deliveries_since ON deliveries (created_at) WHERE state = 'waiting';
-- The next lanes of a host, in their order, however many of its lanes are idle.
DROP INDEX lanes_host;
CREATE INDEX lanes_next ON lanes (host, attempts, due_at, id) WHERE due_at < 'infinity';
CREATE INDEX lanes_host ON lanes (host);
CREATE INDEX accounts_shared_inbox ON accounts (domain) WHERE shared_inbox_url IS NOT NULL;

-- ------------------------------------------------------------------------ what arrives: bounds

-- How much of a host waits is counted now and then, and what was refused is looked up by host.
CREATE INDEX inbox_waiting_host ON inbox (host) WHERE state = 'waiting';
CREATE INDEX inbox_refused_host ON inbox (host, id) WHERE state IN ('parked', 'buried');
CREATE INDEX tombstones_host ON tombstones (host, created_at);

-- ------------------------------------------------------------------------------ files of others

ALTER TABLE media ADD COLUMN duration real; -- seconds, as the peer says

-- --------------------------------------------------------------------- files of others: for a while

ALTER TABLE media ADD COLUMN read_on date; -- of a peer's file in our store: the last day that it was looked at
UPDATE media SET read_on = current_date WHERE stored AND remote_url IS NOT NULL;
CREATE INDEX media_cached ON media (read_on DESC, id DESC) INCLUDE (size)
    WHERE stored AND remote_url IS NOT NULL;

-- ------------------------------------------------------------------- followers synchronisation

-- A post for followers alone: its deliveries say by a digest who these are.
ALTER TABLE outbox ADD COLUMN for_followers boolean NOT NULL DEFAULT false;
