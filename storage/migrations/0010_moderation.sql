-- compatible-with: 3
--
-- What moderators do and note.

SELECT 1;
