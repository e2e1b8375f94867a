-- compatible-with: 3
--
-- What the most frequent questions stand on.

SELECT 1;
