"""Output of pods without the secrets that may have got into it."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

REDACTED = "[redacted]"
LINE_LIMIT = 4096
SHORTEST_SECRET = 6
"""Shorter texts would also be found in words that are no secret."""

SHAPES = re.compile(
    r"""\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"""
    r"""|(?<=Bearer )[A-Za-z0-9._~+/=-]{8,}"""
    r"""|(?<=Basic )[A-Za-z0-9+/=]{8,}"""
    r"""|(?<="apiKey":")[^"{]+"""
)
"""Secrets whose text we may not know any more, such as a key of a pod that ran under an earlier controller."""


class Redactor:
    """Takes known secrets out of text, also where they were encoded on the way."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        # The longest first: one secret may be part of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return SHAPES.sub(REDACTED, text)


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        encoded,
        encoded.rstrip("="),
        base64.b64encode(f"opencode:{secret}".encode()).decode(),
    }
