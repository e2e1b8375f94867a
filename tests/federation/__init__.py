"""What other offices send us."""
