"""The configuration: its model, its loader, its report. See load.py for how to use it."""
