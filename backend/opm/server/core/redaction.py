"""Secrets by value: what was ever opened or sealed here is not written, in whatever form it turns up.

By name alone a secret is not found in the text of an error, a trace or somebody else's message.
"""

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Collection
from urllib.parse import quote

MASK = "[redacted]"
_SHORTEST = 8
"""Below that a value stands in too many innocent words."""
_MOST = 1000


class Redactor:
    """Forgets the secret that was longest not used when it knows a thousand, but none that it shall always know."""

    def __init__(self) -> None:
        self._always: set[str] = set()
        self._values: OrderedDict[str, None] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secret: str) -> None:
        if len(secret) < _SHORTEST:
            return
        known = secret in self._values
        self._values[secret] = None
        self._values.move_to_end(secret)
        if len(self._values) > _MOST:
            self._values.popitem(last=False)
            known = False
        if not known:
            self._pattern = None

    def always(self, secrets: Collection[str]) -> None:
        self._always |= {secret for secret in secrets if len(secret) >= _SHORTEST}
        self._pattern = None

    def clean(self, text: str) -> str:
        if not self._values and not self._always:
            return text
        if self._pattern is None:
            forms = {form for value in self._always.union(self._values) for form in _forms(value)}
            self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
        return self._pattern.sub(MASK, text)


def _forms(value: str) -> set[str]:
    """As it is, and as JSON, addresses and Basic authentication write it."""
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        *_base64(value.encode()),
    }


def _base64(raw: bytes) -> set[str]:
    """Alone, and as a part of more: then without the letters that also depend on what stands before and after it."""
    found: set[str] = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(raw).decode().rstrip("="))
        for before, shared in ((0, 0), (1, 2), (2, 3)):
            whole = encode(bytes(before) + raw).decode().rstrip("=")
            found.add(whole[shared:-1] if (before + len(raw)) % 3 else whole[shared:])
    return found


LIVE = Redactor()
"""Of this process: logs have one writer, so what must not be written has one list."""
