-- compatible-with: 3
--
-- What members do not want to read.

CREATE TABLE filters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    title text NOT NULL,
    context text[] NOT NULL
        CHECK (context <@ '{home,notifications,public,thread,account}' AND cardinality(context) > 0),
    action text NOT NULL DEFAULT 'warn' CHECK (action IN ('warn', 'hide', 'blur')),
    expires_at timestamptz                 -- NULL: never; an expired one stays listed
);
CREATE INDEX filters_account ON filters (account_id, id);

CREATE TABLE filter_keywords (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    filter_id bigint NOT NULL REFERENCES filters ON DELETE CASCADE,
    keyword text NOT NULL,
    whole_word boolean NOT NULL DEFAULT true
);
CREATE INDEX filter_keywords_filter ON filter_keywords (filter_id, id);

CREATE TABLE filter_statuses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    filter_id bigint NOT NULL REFERENCES filters ON DELETE CASCADE,
    status_id bigint NOT NULL REFERENCES statuses ON DELETE CASCADE,
    UNIQUE (filter_id, status_id)
);
CREATE INDEX filter_statuses_status ON filter_statuses (status_id);
