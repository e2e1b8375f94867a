-- compatible-with: 3
--
-- The organisation that keeps one list of its offices for all of them: what this office trusts of
-- it, and, where this office publishes the list, what is signed next.

CREATE TABLE organisation (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    source text,                           -- host of the office that publishes; NULL by files only
    is_publisher boolean NOT NULL DEFAULT false,
    fingerprint text NOT NULL,             -- of the root that a person said to trust
    organisation_id text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    version bigint NOT NULL DEFAULT 0,     -- of the manifest that holds; 0 before the first
    issued_at timestamptz,
    expires_at timestamptz,
    revision bigint NOT NULL DEFAULT 0,    -- grows with each change of what is trusted
    asked_at timestamptz,                  -- when the source was last asked
    heard_at timestamptz,                  -- when it last gave its latest word
    trouble text NOT NULL DEFAULT '',      -- why not since, as a sentence
    trouble_reason text NOT NULL DEFAULT '',
    trouble_since timestamptz,
    warned smallint NOT NULL DEFAULT 0,    -- per cent of the manifest's life
    held_version bigint,                   -- removes more than an administrator need not confirm
    held_removals text[] NOT NULL DEFAULT '{}'
);

-- The last good copy, and beside it what waits for a confirmation: files by their names in the
-- repository.
CREATE TABLE organisation_files (
    is_held boolean NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (is_held, name)
);

CREATE TABLE organisation_members (
    host text PRIMARY KEY,                 -- as in peers
    state text NOT NULL CHECK (state IN ('active', 'draining', 'removed')),
    keys text[] NOT NULL,                  -- fingerprints of its instance actor's keys
    scope text[] NOT NULL DEFAULT '{}',    -- groups; none is all
    office text NOT NULL DEFAULT '',
    time_zone text NOT NULL DEFAULT '',
    contact text NOT NULL DEFAULT '',
    networks text[] NOT NULL DEFAULT '{}',
    foreign_key text,                      -- fingerprint of a key that it showed and that is not its own
    key_checked_at timestamptz
);

-- Where the list is made. The office's own key is sealed like all others; people's keys are not here.
CREATE TABLE organisation_draft (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    organisation_id text NOT NULL,
    name text NOT NULL,
    life_days integer NOT NULL,
    office_key bytea NOT NULL,             -- sealed seed of the key that says what is the latest
    next_office_key bytea,                 -- holds with the next version
    members jsonb NOT NULL,                -- as the manifest spells them
    confirmed_removals text[] NOT NULL DEFAULT '{}',
    root bytea,                            -- a root that holds from the next version on
    targets bytea,                         -- signed so far
    content bytea,
    revision bigint NOT NULL DEFAULT 0
);
