"""What staff does through apps. Without a token the answer is 401, as everywhere in this office."""
