"""Heads of what is taken along. Should a browser show it after all, the policy of all answers of the API
(`middleware`) makes it a page without origin, script or network."""


def attachment(name: str | None = None) -> dict[str, str]:
    """`name` must be one of ours: it is not escaped."""
    named = f'; filename="{name}"' if name else ""
    return {"Content-Disposition": f"attachment{named}"}
