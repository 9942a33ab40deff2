"""OpenCode Project Manager."""

__version__ = "0.1.0"
