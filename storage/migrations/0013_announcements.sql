-- compatible-with: 3
--
-- What the office tells everybody.

SELECT 1;
