"""What must not reach a log is taken out here."""
