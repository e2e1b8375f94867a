-- compatible-with: 3
--
-- What notifies a member, and what waits until they ask.

SELECT 1;
