-- compatible-with: 3
--
-- What notifies a member, and what waits until they ask.

-- ------------------------------------------------------------------------------ notifications

-- What a member lost at once: follows to and from an office, or a person, that is out of reach.
CREATE TABLE severance_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, -- who lost them
    type text NOT NULL CHECK (type IN ('domain_block', 'user_domain_block', 'account_suspension')),
    target_name text NOT NULL,             -- the office's host, or the person's handle
    followers_count bigint NOT NULL,
    following_count bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX severance_events_account ON severance_events (account_id);

ALTER TABLE notifications
    ADD COLUMN group_key text COLLATE "C", -- NULL: stands for itself alone
    ADD COLUMN filtered boolean NOT NULL DEFAULT false, -- the recipient's policy hides it
    ADD COLUMN report_id bigint REFERENCES reports ON DELETE CASCADE,
    ADD COLUMN event_id bigint REFERENCES severance_events ON DELETE CASCADE,
    ADD COLUMN warning_id bigint;          -- of account_warnings, whose target is the recipient
CREATE INDEX notifications_group ON notifications (account_id, group_key, id DESC)
    WHERE group_key IS NOT NULL;
CREATE INDEX notifications_filtered ON notifications (account_id, from_account_id, id DESC)
    WHERE filtered;
CREATE INDEX notifications_report ON notifications (report_id) WHERE report_id IS NOT NULL;
CREATE INDEX notifications_event ON notifications (event_id) WHERE event_id IS NOT NULL;
DROP INDEX notifications_once;
CREATE UNIQUE INDEX notifications_once
    ON notifications (account_id, type, from_account_id,
                      COALESCE(status_id, report_id, event_id, warning_id, 0))
    WHERE type NOT IN ('update', 'quoted_update');

-- ------------------------------------------------------------------------- policies and requests

-- Whose notifications a member hears, hears on request, or never; no row stands for the defaults.
CREATE TABLE notification_policies (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    for_not_following text NOT NULL DEFAULT 'accept'
        CHECK (for_not_following IN ('accept', 'filter', 'drop')),
    for_not_followers text NOT NULL DEFAULT 'accept'
        CHECK (for_not_followers IN ('accept', 'filter', 'drop')),
    for_new_accounts text NOT NULL DEFAULT 'accept'
        CHECK (for_new_accounts IN ('accept', 'filter', 'drop')),
    for_private_mentions text NOT NULL DEFAULT 'accept'
        CHECK (for_private_mentions IN ('accept', 'filter', 'drop')),
    for_limited_accounts text NOT NULL DEFAULT 'filter'
        CHECK (for_limited_accounts IN ('accept', 'filter', 'drop')),
    for_bots text NOT NULL DEFAULT 'accept'
        CHECK (for_bots IN ('accept', 'filter', 'drop'))
);

-- People whose filtered mentions wait for a word of the member; what they hold is counted anew.
CREATE TABLE notification_requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    from_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, from_account_id)
);
CREATE INDEX notification_requests_account ON notification_requests (account_id, id DESC);
CREATE INDEX notification_requests_from ON notification_requests (from_account_id);

-- People whom the member accepted: no policy filters them any more.
CREATE TABLE notification_permissions (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    from_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, from_account_id)
);
CREATE INDEX notification_permissions_from ON notification_permissions (from_account_id);
