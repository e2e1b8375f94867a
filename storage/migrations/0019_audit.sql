-- compatible-with: 3
--
-- The audit log becomes a chain: each entry is hashed together with the hash before it, so that an
-- entry that was changed, taken out or slipped in is found.

-- Hashes stand in a table of their own: they are made at the end of a transaction, when its entries
-- cannot be touched any more.
CREATE TABLE audit_chain (
    position bigint PRIMARY KEY,           -- 1, 2, 3, ... without a gap
    audit_id bigint NOT NULL UNIQUE,
    hash bytea NOT NULL
);

-- The end of the chain, one row: who writes it next waits for who writes it now.
CREATE TABLE audit_head (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    length bigint NOT NULL,
    hash bytea NOT NULL
);

-- What is hashed of an entry beside the hash before it: a JSON array, as PostgreSQL writes jsonb.
CREATE FUNCTION audit_bytes(place bigint, entry audit) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT convert_to(
        jsonb_build_array(
            place,
            to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            entry.actor,
            entry.action,
            entry.target,
            entry.detail
        )::text,
        'UTF8'
    )
$$;

CREATE FUNCTION append_to_audit_chain(entry audit) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    link audit_head;
BEGIN
    INSERT INTO audit_head AS head (length, hash)
    VALUES (1, sha256(decode(repeat('00', 32), 'hex') || audit_bytes(1, entry)))
    ON CONFLICT (is_only) DO UPDATE
        SET length = head.length + 1,
            hash = sha256(head.hash || audit_bytes(head.length + 1, entry))
    RETURNING * INTO link;
    INSERT INTO audit_chain (position, audit_id, hash)
    VALUES (link.length, entry.id, link.hash);
END
$$;

CREATE FUNCTION chain_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM append_to_audit_chain(NEW);
    RETURN NULL;
END
$$;

-- What was written down before is chained in its order.
DO $$
DECLARE
    entry audit;
BEGIN
    FOR entry IN SELECT * FROM audit ORDER BY id LOOP
        PERFORM append_to_audit_chain(entry);
    END LOOP;
END
$$;

-- Deferred to the COMMIT: nothing is locked after the end of the chain, so nobody who holds it waits
-- for anybody, and it is held for the length of a COMMIT alone.
CREATE CONSTRAINT TRIGGER audit_is_chained
    AFTER INSERT ON audit
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION chain_audit();

CREATE TRIGGER audit_chain_grows_only
    BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER audit_chain_stays
    BEFORE TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action text_pattern_ops, id);
CREATE INDEX audit_at ON audit (at);
