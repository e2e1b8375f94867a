"""Use-cases that other instances start: authentication, receipt, and one module per activity."""
