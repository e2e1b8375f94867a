-- compatible-with: 3
--
-- How somebody becomes a member.

SELECT 1;
