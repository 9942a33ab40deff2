"""What differs between two versions, field by field."""

import difflib
from collections.abc import Iterable
from typing import Any

from opm.server.features.configs.schemas import Change, Comparison, Config

_MOST_PAIRS = 4_000_000
_FIELDS = (
    "provider",
    "model",
    "base_url",
    "api_key",
    "temperature",
    "max_tokens",
    "steps",
    "tools",
    "permissions",
    "agents",
    "default_agent",
    "instructions",
)


def compare(before: Config, after: Config) -> Comparison:
    old, new = _fields(before), _fields(after)
    changes = [_change(field, old[field], new[field]) for field in _FIELDS if old[field] != new[field]]
    return Comparison(before=before.version, after=after.version, changes=changes)


def _fields(config: Config) -> dict[str, Any]:
    fields = config.model_dump(mode="json")
    key = {"set": config.api_key_set, "last4": config.api_key_last4}
    return fields | {"api_key": key}


def _change(field: str, before: Any, after: Any) -> Change:
    if field != "instructions":
        return Change(field=field, before=before, after=after)
    return Change(
        field=field, before=before, after=after, diff="\n".join(differing(before.splitlines(), after.splitlines()))
    )


def differing(before: list[str], after: list[str]) -> Iterable[str]:
    """What differs, line by line; of texts that would take long to compare, which can be made so, all of it."""
    if len(before) * len(after) <= _MOST_PAIRS:
        return difflib.unified_diff(before, after, "before", "after", lineterm="")
    ranges = f"@@ -1,{len(before)} +1,{len(after)} @@"
    return ["--- before", "+++ after", ranges, *(f"-{line}" for line in before), *(f"+{line}" for line in after)]
