-- compatible-with: 3
--
-- Where an app wants to be told.

SELECT 1;
