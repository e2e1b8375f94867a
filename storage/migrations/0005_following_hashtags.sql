-- compatible-with: 3
--
-- Hashtags that members follow, offices that members block, people whom they recommend.

SELECT 1;
