"""Health, metrics and the admin API."""
