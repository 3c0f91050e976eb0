"""Words that every other room shares; no I/O."""
