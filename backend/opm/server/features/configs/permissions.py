"""What agents may do: the defaults, what people chose, and what agents that only look may never do.

OpenCode takes the last rule that fits, and puts ours after its own. A rule for `*` here would therefore undo what it
keeps to itself, such as asking before a `.env` is read.
"""

from collections.abc import Mapping
from typing import Any

SAFE: dict[str, Any] = {
    "bash": {
        "*": "ask",
        "ls": "allow",
        "ls *": "allow",
        "pwd": "allow",
        "git status*": "allow",
        "git diff*": "allow",
        "git log*": "allow",
        # what only looks can still send what it sees into a file
        "*>*": "ask",
        "*--output*": "ask",
    },
    "webfetch": "ask",
    "websearch": "ask",
    "external_directory": "deny",
    "doom_loop": "deny",
    "question": "allow",
}

_ONLY_LOOK = ("plan", "explore")
_WITHOUT_TOOLS = ("compaction", "title", "summary")


def of_all(permissions: Mapping[str, Any], tools: Mapping[str, bool]) -> dict[str, Any]:
    return SAFE | chosen(permissions, tools)


def chosen(permissions: Mapping[str, Any], tools: Mapping[str, bool]) -> dict[str, Any]:
    """As OpenCode takes them, in an order that no database changes. A tool that is denied is not offered at all."""
    rules: dict[str, Any] = {subject: _rules(permissions[subject]) for subject in sorted(permissions)}
    return rules | {tool: "deny" for tool in sorted(tools) if not tools[tool]}


def of_built_in(of_all: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is allowed to all is also allowed to these, unless it is taken away again."""
    only_look = {"edit": "deny", "bash": _commands(of_all["bash"]), "task": _called(of_all.get("task", "allow"))}
    without_tools = {"*": "deny"}
    agents = dict.fromkeys(_ONLY_LOOK, only_look) | dict.fromkeys(_WITHOUT_TOOLS, without_tools)
    return {name: {"permission": dict(permission)} for name, permission in agents.items()}


def _commands(said: str | Mapping[str, str]) -> str | dict[str, str]:
    """Those that people allow may write: they are asked for, and the safe ones are allowed."""
    if said in ("allow", SAFE["bash"]):
        return dict(SAFE["bash"])
    if isinstance(said, str):
        return said
    return {pattern: "ask" if does == "allow" else does for pattern, does in said.items()}


def _called(said: str) -> str | dict[str, str]:
    """Only one that itself only looks: whoever is called works under its own permissions."""
    return said if said == "deny" else {"*": "deny", "explore": said}


def _rules(said: str | list[dict[str, str]]) -> str | dict[str, str]:
    if isinstance(said, str):
        return said
    rules = {"*": "ask"}
    for rule in said:
        rules.pop(rule["pattern"], None)  # the last one that fits decides, so a repeated pattern moves to the end
        rules[rule["pattern"]] = rule["action"]
    return rules
