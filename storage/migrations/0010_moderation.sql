-- compatible-with: 3
--
-- What moderators do and note.

-- ------------------------------------------------------------------------- people and warnings

ALTER TABLE accounts
    ADD COLUMN silenced_at timestamptz,    -- public only for those who follow
    ADD COLUMN sensitized_at timestamptz;  -- all pictures are covered

-- What moderators said and did to somebody.
CREATE TABLE account_warnings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    moderator_id bigint REFERENCES accounts ON DELETE SET NULL,
    report_id bigint REFERENCES reports ON DELETE SET NULL,
    action text NOT NULL CHECK (action IN ('none', 'disable', 'sensitive', 'silence', 'suspend')),
    text text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE INDEX account_warnings_target ON account_warnings (target_id, id);
CREATE INDEX account_warnings_report ON account_warnings (report_id) WHERE report_id IS NOT NULL;

-- On which days who of ours was here: nothing finer is kept.
CREATE TABLE active_days (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    day date NOT NULL,
    PRIMARY KEY (account_id, day)
);
CREATE INDEX active_days_day ON active_days (day);
INSERT INTO active_days (account_id, day)
SELECT DISTINCT tokens.account_id, tokens.last_used_on
FROM tokens
WHERE tokens.account_id IS NOT NULL
  AND tokens.last_used_on IS NOT NULL;

ALTER TABLE web_sessions ADD COLUMN address inet; -- where the member signed in

-- ------------------------------------------------------------------------------------- reports

ALTER TABLE reports
    ADD COLUMN assigned_id bigint REFERENCES accounts ON DELETE SET NULL, -- who looks at it
    ADD COLUMN resolved_by_id bigint REFERENCES accounts ON DELETE SET NULL,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
UPDATE reports SET updated_at = COALESCE(resolved_at, created_at);

-- --------------------------------------------------------------------------------- other offices

ALTER TABLE peers ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE; -- cursor of pages

-- Limits on single offices, on top of the allowlist; `suspend` also blocks the entry of the host.
CREATE TABLE domain_blocks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL UNIQUE,
    severity text NOT NULL CHECK (severity IN ('noop', 'silence', 'suspend')),
    reject_media boolean NOT NULL DEFAULT false,
    reject_reports boolean NOT NULL DEFAULT false,
    private_comment text,
    public_comment text,
    obfuscate boolean NOT NULL DEFAULT false,
    was_allowed boolean NOT NULL DEFAULT false, -- before it was suspended
    created_at timestamptz NOT NULL
);
INSERT INTO domain_blocks (host, severity, private_comment, created_at)
SELECT host, 'suspend', NULLIF(note, ''), updated_at
FROM peers
WHERE state = 'blocked';

-- -------------------------------------------------------------------- who may come, and from where

CREATE TABLE email_domain_blocks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain text NOT NULL UNIQUE,
    allow_with_approval boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

-- How often somebody tried to register with such an address, per day.
CREATE TABLE email_domain_block_attempts (
    block_id bigint NOT NULL REFERENCES email_domain_blocks ON DELETE CASCADE,
    day date NOT NULL,
    attempts bigint NOT NULL,
    PRIMARY KEY (block_id, day)
);

CREATE TABLE ip_blocks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network cidr NOT NULL UNIQUE,
    severity text NOT NULL
        CHECK (severity IN ('sign_up_requires_approval', 'sign_up_block', 'no_access')),
    comment text NOT NULL DEFAULT '',
    expires_at timestamptz,
    created_at timestamptz NOT NULL
);

-- Addresses that may not register again, by the hash of their plainest form.
CREATE TABLE canonical_email_blocks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email_hash text NOT NULL UNIQUE,
    account_id bigint UNIQUE REFERENCES accounts ON DELETE SET NULL, -- whose suspension made it
    created_at timestamptz NOT NULL
);

-- ------------------------------------------------------------------------------------ the record

CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The record of administrative acts is only ever appended to.';
END
$$;
CREATE TRIGGER audit_grows_only
    BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER audit_stays
    BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE INDEX audit_target ON audit (target, id);
