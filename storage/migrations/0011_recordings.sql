-- compatible-with: 3
--
-- Films and sounds of our people.

ALTER TABLE media
    ADD COLUMN state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'waiting', 'failed')),
    ADD COLUMN failure text,               -- why it failed, for the person who uploaded it
    ADD COLUMN attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN preview_content_type text,  -- where the preview is of another type than the file
    ADD COLUMN recording jsonb;            -- {frame_rate, bit_rate, audio_codec, audio_bit_rate, audio_channels, colors}
CREATE INDEX media_waiting ON media (id) WHERE state = 'waiting';
