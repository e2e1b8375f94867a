"""Staff: what it does and sees leaves a trace."""
