"""A local resilience proxy for calls to third-party APIs."""

__version__ = "0.1.0"
