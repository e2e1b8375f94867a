"""What follows from a fact, in the transaction of whoever states it, for both directions."""
