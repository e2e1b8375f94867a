-- compatible-with: 1
--
-- What is tidied up, or taken back, is found without reading a whole table.

CREATE INDEX inbox_refused ON inbox (done_at) WHERE state IN ('parked', 'buried');
CREATE INDEX account_conversations_conversation ON account_conversations (conversation_id);
CREATE INDEX media_unattached ON media (created_at)
    WHERE status_id IS NULL AND detached_at IS NULL AND remote_url IS NULL;
