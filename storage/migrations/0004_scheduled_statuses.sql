-- compatible-with: 3
--
-- Statuses that wait for their time.

SELECT 1;
