-- compatible-with: 3
--
-- How somebody becomes a member.

-- Set while the owner's address is not confirmed or nobody has let them in; as long as it is, so is
-- suspended_at, which keeps the account out of sight everywhere.
ALTER TABLE accounts ADD COLUMN awaited_at timestamptz;
CREATE INDEX accounts_awaited ON accounts (awaited_at) WHERE awaited_at IS NOT NULL;

-- Those whom an administrator makes are confirmed and approved by that.
ALTER TABLE members
    ADD COLUMN confirmed_at timestamptz DEFAULT now(), -- when the address was shown to be theirs
    ADD COLUMN approved_at timestamptz DEFAULT now(),  -- when they were let in
    ADD COLUMN sign_up_app_id bigint REFERENCES oauth_apps ON DELETE SET NULL,
    ADD COLUMN sign_up_reason text NOT NULL DEFAULT '',
    ADD COLUMN time_zone text;

-- Links that were sent by mail: who has one is the owner of the address. Each works once.
CREATE TABLE mail_links (
    secret_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('confirm', 'change', 'password')),
    email text NOT NULL,                   -- where it was sent
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX mail_links_account ON mail_links (account_id, purpose, created_at);
CREATE INDEX mail_links_expiry ON mail_links (expires_at);

-- Mail that waits to be sent; a row goes once the server took it.
CREATE TABLE mails (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
