-- compatible-with: 1
--
-- The first schema. Ids are made by the application (milliseconds << 16 | 16 random bits) unless
-- a column is an identity column, whose values appear as JSON numbers or order a log.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Facts of the whole instance: 'origin', 'schema' ... Never read on a hot path.
CREATE TABLE settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- ---------------------------------------------------------------------------------------- people

-- Any actor that we know: our members (domain IS NULL), the instance actor, people of other offices.
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    username text NOT NULL,                -- as written by its owner
    username_key text NOT NULL,            -- case folded in the application
    domain text,                           -- host[:port] of the handle; NULL for our own
    uri text NOT NULL UNIQUE,
    url text NOT NULL,
    actor_type text NOT NULL DEFAULT 'Person'
        CHECK (actor_type IN ('Person', 'Service', 'Group', 'Organization', 'Application')),
    inbox_url text NOT NULL,
    shared_inbox_url text,
    outbox_url text,
    followers_url text,
    following_url text,
    featured_url text,
    display_name text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',         -- HTML, sanitised
    note_source text NOT NULL DEFAULT '',  -- what our member typed
    fields jsonb NOT NULL DEFAULT '[]',    -- [{name, value (HTML), source, verified_at}]
    avatar_id bigint,
    header_id bigint,
    locked boolean NOT NULL DEFAULT false,
    bot boolean NOT NULL DEFAULT false,
    discoverable boolean NOT NULL DEFAULT true,
    indexable boolean NOT NULL DEFAULT true,
    hide_collections boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    fetched_at timestamptz,                -- last full fetch of a remote actor
    backfilled_at timestamptz,             -- last fetch of a remote outbox
    suspended_at timestamptz,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX accounts_handle ON accounts (username_key, COALESCE(domain, ''));
CREATE INDEX accounts_domain ON accounts (domain) WHERE domain IS NOT NULL;
CREATE INDEX accounts_search ON accounts USING gin ((username_key || ' ' || lower(display_name)) gin_trgm_ops);

-- Counters live apart so that a favourite does not rewrite the wide row.
CREATE TABLE account_counters (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    statuses bigint NOT NULL DEFAULT 0,
    followers bigint NOT NULL DEFAULT 0,
    following bigint NOT NULL DEFAULT 0,
    last_status_at date
);

CREATE TABLE account_keys (
    key_id text PRIMARY KEY,               -- URI of the key
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    algorithm text NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
    public_pem text NOT NULL,
    private_sealed bytea,                  -- own accounts only; encrypted with the key file
    created_at timestamptz NOT NULL DEFAULT now(),
    fetched_at timestamptz
);
CREATE INDEX account_keys_account ON account_keys (account_id);

-- A person who signs in here.
CREATE TABLE members (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    email text NOT NULL UNIQUE,            -- case folded in the application
    password_hash text NOT NULL,
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'moderator', 'admin', 'owner')),
    locale text NOT NULL DEFAULT 'en',
    default_visibility text NOT NULL DEFAULT 'public'
        CHECK (default_visibility IN ('public', 'unlisted', 'private', 'direct')),
    default_sensitive boolean NOT NULL DEFAULT false,
    default_language text,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE follows (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    uri text NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('pending', 'accepted')),
    reblogs boolean NOT NULL DEFAULT true,
    notify boolean NOT NULL DEFAULT false,
    languages text[],
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, target_id),
    CHECK (account_id <> target_id)
);
CREATE INDEX follows_target ON follows (target_id, state, id);
CREATE INDEX follows_account ON follows (account_id, state, id);

CREATE TABLE blocks (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    uri text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, target_id)
);
CREATE INDEX blocks_target ON blocks (target_id);

CREATE TABLE mutes (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    hide_notifications boolean NOT NULL DEFAULT true,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, target_id)
);
CREATE INDEX mutes_target ON mutes (target_id);

CREATE TABLE account_notes (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    comment text NOT NULL,
    PRIMARY KEY (account_id, target_id)
);

CREATE TABLE lists (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    title text NOT NULL,
    replies_policy text NOT NULL DEFAULT 'list' CHECK (replies_policy IN ('followed', 'list', 'none')),
    exclusive boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX lists_account ON lists (account_id, id);

CREATE TABLE list_accounts (
    list_id bigint NOT NULL REFERENCES lists ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id bigint NOT NULL,                    -- paging cursor
    PRIMARY KEY (list_id, account_id)
);
CREATE INDEX list_accounts_account ON list_accounts (account_id);

CREATE TABLE markers (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    timeline text NOT NULL CHECK (timeline IN ('home', 'notifications')),
    last_read_id text NOT NULL,
    version integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, timeline)
);

-- ----------------------------------------------------------------------------------------- posts

CREATE TABLE conversations (
    id bigint PRIMARY KEY,
    uri text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE oauth_apps (
    id bigint PRIMARY KEY,
    client_id text NOT NULL UNIQUE,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    website text,
    redirect_uris text[] NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE statuses (
    id bigint PRIMARY KEY,
    uri text NOT NULL UNIQUE,
    url text,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    local boolean NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('public', 'unlisted', 'private', 'direct')),
    in_reply_to_id bigint REFERENCES statuses ON DELETE SET NULL,
    in_reply_to_uri text,                  -- kept while the parent is unknown
    in_reply_to_account_id bigint,
    reblog_of_id bigint REFERENCES statuses ON DELETE CASCADE,
    conversation_id bigint REFERENCES conversations,
    sensitive boolean NOT NULL DEFAULT false,
    spoiler_text text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',         -- what our member typed
    content text NOT NULL DEFAULT '',      -- HTML, sanitised
    language text,
    application_id bigint REFERENCES oauth_apps ON DELETE SET NULL,
    revision integer NOT NULL DEFAULT 0,   -- rises with each change of what a reader sees
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    fetched_at timestamptz
);
CREATE INDEX statuses_account ON statuses (account_id, id DESC);
CREATE INDEX statuses_reply ON statuses (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;
CREATE INDEX statuses_orphans ON statuses (in_reply_to_uri)
    WHERE in_reply_to_id IS NULL AND in_reply_to_uri IS NOT NULL;
CREATE UNIQUE INDEX statuses_reblog ON statuses (reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL;
CREATE INDEX statuses_public ON statuses (id DESC) WHERE visibility = 'public' AND reblog_of_id IS NULL;
CREATE INDEX statuses_public_local ON statuses (id DESC)
    WHERE visibility = 'public' AND reblog_of_id IS NULL AND local;
CREATE INDEX statuses_conversation ON statuses (conversation_id, id);

CREATE TABLE status_counters (
    status_id bigint PRIMARY KEY REFERENCES statuses ON DELETE CASCADE,
    replies bigint NOT NULL DEFAULT 0,
    reblogs bigint NOT NULL DEFAULT 0,
    favourites bigint NOT NULL DEFAULT 0
);

-- Earlier versions of an edited status, the original first.
CREATE TABLE status_edits (
    id bigint PRIMARY KEY,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    spoiler_text text NOT NULL,
    content text NOT NULL,
    sensitive boolean NOT NULL,
    media jsonb NOT NULL DEFAULT '[]',
    poll_options jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX status_edits_status ON status_edits (status_id, id);

-- An id that was deleted never comes back, however late its Create arrives.
CREATE TABLE tombstones (
    uri text PRIMARY KEY,
    host text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mentions (
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    silent boolean NOT NULL DEFAULT false, -- addressed without a mention in the text
    PRIMARY KEY (status_id, account_id)
);
CREATE INDEX mentions_account ON mentions (account_id, status_id DESC);

CREATE TABLE tags (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,             -- case folded in the application
    display_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tags_search ON tags USING gin (name gin_trgm_ops);

CREATE TABLE status_tags (
    tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    PRIMARY KEY (tag_id, status_id)
);
CREATE INDEX status_tags_status ON status_tags (status_id);

CREATE TABLE media (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint REFERENCES statuses ON DELETE SET NULL,
    purpose text NOT NULL DEFAULT 'attachment' CHECK (purpose IN ('attachment', 'avatar', 'header')),
    position smallint NOT NULL DEFAULT 0,
    kind text NOT NULL CHECK (kind IN ('image', 'gifv', 'video', 'audio', 'unknown')),
    file_key text NOT NULL UNIQUE,         -- 128 random bits, hex: the capability in /files/{key}/{name}
    content_type text NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    width integer,
    height integer,
    preview_width integer,
    preview_height integer,
    focus_x real,
    focus_y real,
    blurhash text,
    description text,
    remote_url text,                       -- fetched lazily through the gate
    stored boolean NOT NULL DEFAULT false, -- the file lies in our store
    created_at timestamptz NOT NULL DEFAULT now(),
    detached_at timestamptz                -- its status was deleted; kept for a redraft
);
CREATE INDEX media_status ON media (status_id, position) WHERE status_id IS NOT NULL;
CREATE INDEX media_account ON media (account_id);
ALTER TABLE accounts
    ADD CONSTRAINT accounts_avatar FOREIGN KEY (avatar_id) REFERENCES media ON DELETE SET NULL,
    ADD CONSTRAINT accounts_header FOREIGN KEY (header_id) REFERENCES media ON DELETE SET NULL;
-- Without them, deleting a picture would read all accounts.
CREATE INDEX accounts_avatar_id ON accounts (avatar_id) WHERE avatar_id IS NOT NULL;
CREATE INDEX accounts_header_id ON accounts (header_id) WHERE header_id IS NOT NULL;

CREATE TABLE polls (
    id bigint PRIMARY KEY,
    status_id bigint NOT NULL UNIQUE REFERENCES statuses ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    options jsonb NOT NULL,                -- [{title, votes}]
    multiple boolean NOT NULL DEFAULT false,
    hide_totals boolean NOT NULL DEFAULT false,
    voters_count bigint NOT NULL DEFAULT 0,
    expires_at timestamptz,
    closed_at timestamptz,
    notified_at timestamptz,               -- its end was told to the voters
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE poll_votes (
    poll_id bigint NOT NULL REFERENCES polls ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    choice smallint NOT NULL,
    uri text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (poll_id, account_id, choice)
);

CREATE TABLE favourites (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    uri text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, status_id)
);
CREATE INDEX favourites_status ON favourites (status_id, id);
CREATE INDEX favourites_account ON favourites (account_id, id DESC);

CREATE TABLE bookmarks (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, status_id)
);
CREATE INDEX bookmarks_account ON bookmarks (account_id, id DESC);
CREATE INDEX bookmarks_status ON bookmarks (status_id);

CREATE TABLE pins (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, status_id)
);
CREATE INDEX pins_status ON pins (status_id);

CREATE TABLE muted_conversations (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    conversation_id bigint NOT NULL REFERENCES conversations ON DELETE CASCADE,
    PRIMARY KEY (account_id, conversation_id)
);

-- Home timelines, written when a status is published. Bounded to 800 rows a reader.
CREATE TABLE home_feed (
    account_id bigint NOT NULL,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    author_id bigint NOT NULL,             -- who brought it here: the author, or the booster
    reblog_of_id bigint,
    PRIMARY KEY (account_id, status_id)
);
CREATE INDEX home_feed_status ON home_feed (status_id);
CREATE INDEX home_feed_reblog ON home_feed (account_id, reblog_of_id) WHERE reblog_of_id IS NOT NULL;

CREATE TABLE account_conversations (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    conversation_id bigint NOT NULL REFERENCES conversations ON DELETE CASCADE,
    participant_ids bigint[] NOT NULL,     -- sorted, without account_id
    last_status_id bigint,
    unread boolean NOT NULL DEFAULT false,
    UNIQUE (account_id, conversation_id, participant_ids)
);
CREATE INDEX account_conversations_last ON account_conversations (account_id, last_status_id DESC);

CREATE TABLE notifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    type text NOT NULL,
    from_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    status_id bigint REFERENCES statuses ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notifications_account ON notifications (account_id, id DESC);
CREATE INDEX notifications_status ON notifications (status_id) WHERE status_id IS NOT NULL;
CREATE UNIQUE INDEX notifications_once
    ON notifications (account_id, type, from_account_id, COALESCE(status_id, 0))
    WHERE type <> 'update';

CREATE TABLE idempotency_keys (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    key text NOT NULL,
    status_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- --------------------------------------------------------------------------------------- sign-in

CREATE TABLE oauth_codes (
    code_hash bytea PRIMARY KEY,
    app_id bigint NOT NULL REFERENCES oauth_apps ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    code_challenge text,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE tokens (
    id bigint PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    app_id bigint NOT NULL REFERENCES oauth_apps ON DELETE CASCADE,
    account_id bigint REFERENCES accounts ON DELETE CASCADE, -- NULL: the application itself
    scopes text[] NOT NULL,
    code_hash bytea,                       -- the code that made it: a code used twice revokes it
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_on date,
    revoked_at timestamptz
);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_code ON tokens (code_hash) WHERE code_hash IS NOT NULL;

CREATE TABLE web_sessions (
    id_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    csrf_token text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX web_sessions_account ON web_sessions (account_id);

-- Failed sign-ins, per account name and address; also holds across processes and restarts.
CREATE TABLE sign_in_failures (
    bucket text PRIMARY KEY,
    failures integer NOT NULL,
    window_started_at timestamptz NOT NULL,
    blocked_until timestamptz
);

-- ------------------------------------------------------------------------------------ federation

-- The allowlist. No row, or a state other than 'allowed', means: nothing in, nothing out.
CREATE TABLE peers (
    host text PRIMARY KEY,                 -- A-labels, lower case, with the port unless it is the default
    state text NOT NULL CHECK (state IN ('allowed', 'removed', 'blocked')),
    public_feed boolean NOT NULL DEFAULT true,
    networks text[] NOT NULL DEFAULT '{}', -- CIDR ranges where this host may be although they are private
    media_hosts text[] NOT NULL DEFAULT '{}',
    shared_inbox_url text,                 -- learnt from its instance actor
    software text,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Activities that our members sent, and their exact bytes.
CREATE TABLE outbox (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    uri text NOT NULL UNIQUE,
    type text NOT NULL,
    status_id bigint,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_account ON outbox (account_id, id DESC);
CREATE INDEX outbox_status ON outbox (status_id) WHERE status_id IS NOT NULL;

-- One row per inbox host: the breaker.
CREATE TABLE inbox_hosts (
    host text PRIMARY KEY,
    failures integer NOT NULL DEFAULT 0,
    opened_until timestamptz,              -- nothing is tried before
    refused boolean NOT NULL DEFAULT false,-- it answers 401/403: we are probably not on its list
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error text
);

-- One row per (author, inbox host): the lease unit, within which order holds.
CREATE TABLE lanes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    host text NOT NULL,
    due_at timestamptz NOT NULL DEFAULT now(), -- infinity: nothing waits
    attempts integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    lease_token uuid,
    UNIQUE (account_id, host)
);
CREATE INDEX lanes_host ON lanes (host, due_at);
CREATE INDEX lanes_leased ON lanes (host, leased_until) WHERE lease_token IS NOT NULL;

CREATE TABLE deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane_id bigint NOT NULL REFERENCES lanes ON DELETE CASCADE,
    outbox_id bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
    inbox_url text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'set_aside', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    first_failed_at timestamptz,           -- tells a poisonous activity from a host that is down
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (outbox_id, inbox_url)
);
CREATE INDEX deliveries_lane ON deliveries (lane_id, id) WHERE state = 'waiting';

-- Activities that arrived, as bytes, from the moment we answered 202.
CREATE TABLE inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_uri text NOT NULL,
    activity_uri text NOT NULL,
    host text NOT NULL,
    type text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'done', 'parked', 'buried')),
    reason text,
    attempts integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    UNIQUE (actor_uri, activity_uri)
);
CREATE INDEX inbox_waiting ON inbox (actor_uri, id) WHERE state = 'waiting';
CREATE INDEX inbox_done ON inbox (done_at) WHERE state = 'done';

-- One row per remote actor with waiting work: workers lease actors, so order per actor holds.
CREATE TABLE inbox_actors (
    actor_uri text PRIMARY KEY,
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    lease_token uuid
);
CREATE INDEX inbox_actors_due ON inbox_actors (due_at);

CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text,                              -- at most one waiting job of a kind with this key
    payload jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'buried')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    lease_token uuid,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX jobs_once ON jobs (kind, key) WHERE key IS NOT NULL AND state = 'waiting';
CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'waiting';

-- What happened, for streams and caches of all processes. Rows hold ids and audience, not payloads.
CREATE TABLE stream_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    subject_id bigint,
    account_ids bigint[],                  -- the readers whose user stream it concerns
    detail jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stream_events_age ON stream_events (created_at);

-- Administrative acts.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,                   -- 'cli', or the member's handle
    action text NOT NULL,
    target text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- Rows of a queue live for moments: without early vacuuming its index fills with dead ones.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE lanes SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE inbox SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE inbox_actors SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE stream_events SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
