-- compatible-with: 3
--
-- What members do not want to read.

SELECT 1;
