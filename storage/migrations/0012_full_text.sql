-- compatible-with: 3
--
-- Words of statuses, for search.

SELECT 1;
