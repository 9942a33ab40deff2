"""Heads of what is taken along: if a browser shows it after all, then as a page without origin, script or network."""

INERT = {"Content-Security-Policy": "sandbox; default-src 'none'"}


def attachment(name: str | None = None) -> dict[str, str]:
    """`name` must be one of ours: it is not escaped."""
    named = f'; filename="{name}"' if name else ""
    return {"Content-Disposition": f"attachment{named}", **INERT}
