-- compatible-with: 3
--
-- Statuses that wait for their time, the files that they hold, and how a text was meant.

CREATE TABLE scheduled_statuses (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    draft jsonb NOT NULL,                  -- the post as asked for
    application_id bigint REFERENCES oauth_apps ON DELETE SET NULL,
    scheduled_at timestamptz NOT NULL,
    failure text,                          -- why it could not be published when its time came
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX scheduled_statuses_account ON scheduled_statuses (account_id, id);

-- A file that a scheduled status holds is kept, and nothing else can take it.
ALTER TABLE media
    ADD COLUMN scheduled_status_id bigint REFERENCES scheduled_statuses ON DELETE SET NULL,
    ADD COLUMN released_at timestamptz;    -- when a scheduled status that was deleted let go of it
CREATE INDEX media_scheduled ON media (scheduled_status_id) WHERE scheduled_status_id IS NOT NULL;

-- Whether the key's status_id names a scheduled status.
ALTER TABLE idempotency_keys ADD COLUMN scheduled boolean NOT NULL DEFAULT false;

-- Whether the text is Markdown.
ALTER TABLE statuses ADD COLUMN markdown boolean NOT NULL DEFAULT false;

-- Threads whose missing posts are being fetched while a member looks at them.
CREATE TABLE async_refreshes (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    conversation_id bigint NOT NULL REFERENCES conversations ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, conversation_id)
);
CREATE INDEX async_refreshes_age ON async_refreshes (created_at);
