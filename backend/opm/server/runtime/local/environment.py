"""The environments of a pod's processes, made from nothing: what the controller was started with stays with it.

OpenCode is told to ask nobody on the network (models, updates, sharing, language servers, plug-ins), to read no
configuration that a repository brings along, and to keep all of its files under the pod's own home.
"""

import json
import os
import pwd
import shutil
import site
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opm.server.runtime.base import PodSpec
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.procfs import MARKER
from opm.server.runtime.local.settings import LocalSettings

STANDARD_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
TOOLS = ("git", "rg", "node", "npm", "bash")
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

QUIET_GIT: Mapping[str, str] = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
}


def search_path(extra: tuple[Path, ...] = ()) -> str:
    """Standard folders, and those where this machine keeps the tools an agent cannot do without."""
    folders = [*map(str, extra), *STANDARD_PATH]
    for tool in TOOLS:
        found = shutil.which(tool)
        if found is not None:
            folders.append(str(Path(found).parent))
    # Version managers put shims first, which need a home that pods do not share; the interpreter itself does not.
    folders.append(str(Path(sys.executable).resolve().parent))
    return os.pathsep.join(dict.fromkeys(folder for folder in folders if Path(folder).is_dir()))


def base(layout: PodLayout, project_id: str, path: str) -> dict[str, str]:
    home = layout.home
    name = pwd.getpwuid(os.geteuid()).pw_name
    return {
        "PATH": path,
        "HOME": str(home),
        "USER": name,
        "LOGNAME": name,
        "SHELL": shutil.which("bash", path=path) or "/bin/sh",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TMPDIR": str(layout.temp),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        MARKER: project_id,
    }


def for_opencode(settings: LocalSettings, layout: PodLayout, spec: PodSpec, demo_port: int | None) -> dict[str, str]:
    environ = {
        **base(layout, str(spec.project_id), search_path(settings.extra_path)),
        **QUIET_GIT,
        **settings.extra_environ,
        **SWITCHES,
        "OPENCODE_SERVER_PASSWORD": spec.opencode_password,
        "OPENCODE_CONFIG_CONTENT": json.dumps(configuration(spec, demo_port, layout)),
    }
    if spec.provider_key is not None:
        environ["OPM_PROVIDER_KEY"] = spec.provider_key
    return environ


def for_sidecar(
    settings: LocalSettings, layout: PodLayout, project_id: str, port: int, *, opencode_port: int | None = None
) -> dict[str, str]:
    """People's shells inherit that of the session sidecar, hence its tools, proxies and CAs."""
    session = opencode_port is not None
    environ = {
        **base(layout, project_id, search_path(settings.extra_path) if session else os.pathsep.join(STANDARD_PATH)),
        **(settings.extra_environ if session else {}),
        "OPM_POD_PROJECT": project_id,
        "OPM_POD_PORT": str(port),
        "OPM_POD_WORKSPACE": str(layout.workspace),
        "OPM_POD_SECRETS_FILE": str(layout.secrets),
    }
    if session:
        environ["OPM_POD_OPENCODE_URL"] = f"http://127.0.0.1:{opencode_port}"
    if site.ENABLE_USER_SITE:
        # The pod's HOME would hide a package that was installed for this user alone.
        environ["PYTHONUSERBASE"] = site.getuserbase()
    return environ


def configuration(spec: PodSpec, demo_port: int | None, layout: PodLayout) -> dict[str, Any]:
    """What OpenCode is given with the highest precedence: the wish, and what no wish may change.

    The workspace's own advice to agents is read, although none of its configuration is.
    """
    advice = {"instructions": [str(layout.workspace / "AGENTS.md")]}
    wanted: dict[str, Any] = {**advice, **spec.opencode_config, "autoupdate": False, "share": "disabled"}
    if demo_port is None:
        return wanted
    filled: dict[str, Any] = _fill(wanted, f"http://127.0.0.1:{demo_port}/v1")
    return filled


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
