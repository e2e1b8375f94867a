-- compatible-with: 3
--
-- What the office tells everybody: announcements, who has read them and what they think of them;
-- and how members present themselves.

CREATE TABLE announcements (
    id bigint PRIMARY KEY,
    text text NOT NULL,                    -- as written
    content text NOT NULL,                 -- HTML
    mention_ids bigint[] NOT NULL DEFAULT '{}', -- accounts that the text names
    tags text[] NOT NULL DEFAULT '{}',     -- hashtags in the text, as written
    starts_at timestamptz,                 -- of what is announced; with ends_at it is shown until then
    ends_at timestamptz,
    all_day boolean NOT NULL DEFAULT false,
    scheduled_at timestamptz,              -- when it is to be published
    published_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (starts_at IS NULL OR ends_at IS NULL OR starts_at <= ends_at)
);

CREATE TABLE announcement_reads (
    account_id bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    announcement_id bigint NOT NULL REFERENCES announcements ON DELETE CASCADE,
    PRIMARY KEY (account_id, announcement_id)
);
CREATE INDEX announcement_reads_announcement ON announcement_reads (announcement_id);

CREATE TABLE announcement_reactions (
    announcement_id bigint NOT NULL REFERENCES announcements ON DELETE CASCADE,
    name text NOT NULL,                    -- an emoji of Unicode, or the name of one of ours
    account_id bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (announcement_id, name, account_id)
);
CREATE INDEX announcement_reactions_account ON announcement_reactions (account_id);

-- What a profile shows, who may name its owner as author, and who may quote new posts.

ALTER TABLE accounts
    ADD COLUMN show_media boolean NOT NULL DEFAULT true,
    ADD COLUMN show_media_replies boolean NOT NULL DEFAULT true,
    ADD COLUMN show_featured boolean NOT NULL DEFAULT true,
    ADD COLUMN attribution_domains text[] NOT NULL DEFAULT '{}';
ALTER TABLE members
    ADD COLUMN default_quote_policy text NOT NULL DEFAULT 'public'
        CHECK (default_quote_policy IN ('public', 'followers', 'nobody'));
