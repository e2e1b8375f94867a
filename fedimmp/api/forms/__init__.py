"""Forms: what requests of the API may say, as schemas."""
