"""What OpenCode is told wherever it runs.

It asks nobody on the network (models, updates, sharing, language servers, plug-ins), and reads no configuration that
a repository brings along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opm.server.runtime.base import PodSpec
from opm.server.runtime.opencode import PINNED_VERSION

DEMO_MODEL_URL = "{demo_model_url}"

SWITCHES: Mapping[str, str] = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_SHARE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_CLAUDE_CODE": "1",
    "OPENCODE_DISABLE_EXTERNAL_SKILLS": "1",
    # Two names of one switch, by version: what a cloned repository configures must not run here.
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    "OPENCODE_CONFIG_PROJECT_DISABLE": "1",
}

ANSWER_TOKENS = "OPENCODE_EXPERIMENTAL_OUTPUT_TOKEN_MAX"
"""Its configuration takes this limit of a model only together with the size of its context, which it knows better."""

QUIET_GIT: Mapping[str, str] = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
}

AUTHOR = ("OpenCode Project Manager", "opm@localhost")
GIT_CONFIG = """\
[user]
\tname = OpenCode
\temail = opencode@localhost
[init]
\tdefaultBranch = main
"""


def plugin_lock() -> str:
    """Beside an empty `node_modules` it makes OpenCode believe its plug-in package installed, and not run npm."""
    root = {"dependencies": {"@opencode-ai/plugin": PINNED_VERSION}}
    return json.dumps({"name": "opencode", "lockfileVersion": 3, "packages": {"": root}})


def configuration(spec: PodSpec, demo_port: int | None, workspace: Path) -> dict[str, Any]:
    """What OpenCode is given with the highest precedence: the wish, and what no wish may change.

    The workspace's own advice to agents is read, although none of its configuration is.
    """
    advice = {"instructions": [str(workspace / "AGENTS.md")]}
    wanted: dict[str, Any] = {**advice, **spec.opencode_config, "autoupdate": False, "share": "disabled"}
    if demo_port is None:
        return wanted
    filled: dict[str, Any] = _fill(wanted, f"http://127.0.0.1:{demo_port}/v1")
    return filled


def encoded(config: Mapping[str, Any]) -> str:
    """As it stands in the environment, of which Linux takes 131,072 bytes in one string: so nothing is escaped."""
    return json.dumps(config, ensure_ascii=False)


def _fill(value: Any, address: str) -> Any:
    match value:
        case str():
            return value.replace(DEMO_MODEL_URL, address)
        case Mapping():
            return {key: _fill(inner, address) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]  JSON of any depth
        case list() | tuple():
            return [_fill(inner, address) for inner in value]  # pyright: ignore[reportUnknownVariableType]  JSON of any depth
        case _:
            return value
