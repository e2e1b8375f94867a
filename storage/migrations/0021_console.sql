-- compatible-with: 3
--
-- The console asks for the password again before what is dangerous: when it was last given.
ALTER TABLE web_sessions ADD COLUMN confirmed_at timestamptz; -- NULL: not since signing in
