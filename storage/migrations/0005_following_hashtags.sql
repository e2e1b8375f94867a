-- compatible-with: 3
--
-- Hashtags that members follow, offices that members block, people whom they recommend, and what
-- is talked about.

CREATE TABLE tag_follows (
    id bigint PRIMARY KEY,                 -- paging cursor
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, tag_id)
);
CREATE INDEX tag_follows_tag ON tag_follows (tag_id, account_id);
CREATE INDEX tag_follows_account ON tag_follows (account_id, id);

CREATE TABLE account_domain_blocks (
    id bigint PRIMARY KEY,                 -- paging cursor
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    domain text NOT NULL,                  -- as in accounts.domain
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, domain)
);
CREATE INDEX account_domain_blocks_account ON account_domain_blocks (account_id, id);

CREATE TABLE endorsements (
    id bigint PRIMARY KEY,                 -- paging cursor
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, target_id)
);
CREATE INDEX endorsements_account ON endorsements (account_id, id);
CREATE INDEX endorsements_target ON endorsements (target_id);

CREATE TABLE dismissed_suggestions (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    target_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, target_id)
);
CREATE INDEX dismissed_suggestions_target ON dismissed_suggestions (target_id);

ALTER TABLE tags
    ADD COLUMN usable boolean NOT NULL DEFAULT true,    -- posts can be found under it
    ADD COLUMN listable boolean NOT NULL DEFAULT true,  -- it is proposed in searches
    ADD COLUMN trendable boolean NOT NULL DEFAULT true; -- it may trend

-- Public uses of each hashtag on each day of UTC, counted anew now and then.
CREATE TABLE tag_days (
    tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE,
    day date NOT NULL,
    uses bigint NOT NULL,
    accounts bigint NOT NULL,
    PRIMARY KEY (tag_id, day)
);
CREATE INDEX tag_days_day ON tag_days (day);

-- What is talked about; made anew now and then.
CREATE TABLE trending_statuses (
    status_id bigint PRIMARY KEY REFERENCES statuses ON DELETE CASCADE,
    score double precision NOT NULL
);
CREATE INDEX trending_statuses_score ON trending_statuses (score DESC, status_id DESC);

-- Posts that somebody decided against: they never trend.
CREATE TABLE untrendable_statuses (
    status_id bigint PRIMARY KEY REFERENCES statuses ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
