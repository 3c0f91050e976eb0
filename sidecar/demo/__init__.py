"""A flaky provider and the traffic that shows the sidecar at work."""
