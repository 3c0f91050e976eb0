"""Pure rules: they are told the time and return a verdict."""
