-- compatible-with: 3
--
-- What a process keeps of rendered statuses and accounts is found by the version of their rows (the
-- system column xmin). So whatever else such a rendering shows must give these rows a new version,
-- or the office a new wording, in the transaction that changes it.

-- The names that renderings carry from elsewhere: emoji, hashtags as written, handles in mentions.
CREATE TABLE wordings (
    id boolean PRIMARY KEY DEFAULT true CHECK (id) -- there is one row
);

CREATE FUNCTION reword() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wordings DEFAULT VALUES ON CONFLICT (id) DO UPDATE SET id = true;
    RETURN NULL;
END
$$;

-- Deferred to the commit, so that the one row is held for a moment only and always last.
CREATE CONSTRAINT TRIGGER emojis_reworded
    AFTER INSERT OR UPDATE OR DELETE ON emojis
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION reword();
CREATE CONSTRAINT TRIGGER tags_reworded
    AFTER UPDATE OF name, display_name ON tags
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.name, OLD.display_name) IS DISTINCT FROM (NEW.name, NEW.display_name))
    EXECUTE FUNCTION reword();
CREATE CONSTRAINT TRIGGER accounts_reworded
    AFTER UPDATE OF username, domain, url ON accounts
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.username, OLD.domain, OLD.url) IS DISTINCT FROM (NEW.username, NEW.domain, NEW.url))
    EXECUTE FUNCTION reword();
CREATE CONSTRAINT TRIGGER oauth_apps_reworded
    AFTER UPDATE OF name, website ON oauth_apps
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.name, OLD.website) IS DISTINCT FROM (NEW.name, NEW.website))
    EXECUTE FUNCTION reword();

-- A file gives a new version to what shows it. New posts take files that nothing showed before.
CREATE FUNCTION renew_what_shows_a_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unseen CONSTANT text[] := '{size,stored,read_on,detached_at}';
BEGIN
    IF to_jsonb(OLD) - unseen IS NOT DISTINCT FROM to_jsonb(NEW) - unseen THEN
        RETURN NULL;
    END IF;
    IF OLD.purpose = 'emoji' THEN
        INSERT INTO wordings DEFAULT VALUES ON CONFLICT (id) DO UPDATE SET id = true;
    ELSIF OLD.purpose = 'attachment' THEN
        UPDATE statuses SET revision = revision WHERE id = OLD.status_id;
    ELSE
        UPDATE accounts SET updated_at = updated_at WHERE avatar_id = OLD.id OR header_id = OLD.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER media_shown
    AFTER UPDATE ON media
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN (OLD.status_id IS NOT NULL OR OLD.purpose <> 'attachment')
    EXECUTE FUNCTION renew_what_shows_a_file();

-- What a status quotes is found again and again, but whether it quotes is kept with its text.
CREATE FUNCTION renew_what_quotes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE statuses SET revision = revision WHERE id = COALESCE(NEW.status_id, OLD.status_id);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER status_quotes_begun
    AFTER INSERT OR DELETE ON status_quotes
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION renew_what_quotes();

-- Accounts show the role of members.
CREATE FUNCTION renew_whose_role_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET updated_at = updated_at WHERE id = OLD.account_id;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER members_changed
    AFTER UPDATE OF role OR DELETE ON members
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION renew_whose_role_it_is();
