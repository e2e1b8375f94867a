-- compatible-with: 3
--
-- Films and sounds of our people.

SELECT 1;
