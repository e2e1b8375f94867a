-- compatible-with: 1
--
-- What the whole protocol needs beside posts and follows.

-- ------------------------------------------------------------------------------------ signatures

ALTER TABLE peers
    ADD COLUMN signature_scheme text NOT NULL DEFAULT 'auto'
        CHECK (signature_scheme IN ('auto', 'cavage', 'rfc9421'));
