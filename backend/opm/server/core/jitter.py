"""Spreads what many would otherwise do in the same moment."""

import secrets


def jittered(seconds: float) -> float:
    """Between half of it and all of it."""
    return seconds * (500 + secrets.randbelow(501)) / 1000
