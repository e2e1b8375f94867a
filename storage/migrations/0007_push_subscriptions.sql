-- compatible-with: 3
--
-- Where an app wants to be told.

-- One of each token; it is gone with the token, and silent when the token is revoked.
CREATE TABLE push_subscriptions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_id bigint NOT NULL UNIQUE REFERENCES tokens ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    endpoint text NOT NULL,
    p256dh bytea NOT NULL,                 -- the app's public key, a point on P-256
    auth bytea NOT NULL,                   -- its secret of 16 bytes
    standard boolean NOT NULL,             -- RFC 8291; else the draft before it
    alerts jsonb NOT NULL DEFAULT '{}',    -- type of notification -> wanted
    policy text NOT NULL DEFAULT 'all' CHECK (policy IN ('all', 'followed', 'follower', 'none')),
    token_sealed bytea NOT NULL,           -- the token itself, encrypted with the key file: an app
                                           -- of several members knows by it whom a message is for
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX push_subscriptions_account ON push_subscriptions (account_id);

-- Messages that wait to be sent.
CREATE TABLE push_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES push_subscriptions ON DELETE CASCADE,
    notification_id bigint NOT NULL REFERENCES notifications ON DELETE CASCADE,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX push_deliveries_due ON push_deliveries (due_at, id);
CREATE INDEX push_deliveries_subscription ON push_deliveries (subscription_id);
CREATE INDEX push_deliveries_notification ON push_deliveries (notification_id);
ALTER TABLE push_deliveries
    SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
