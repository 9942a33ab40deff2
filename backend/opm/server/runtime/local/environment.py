"""The environments of a pod's processes, made from nothing: what the controller was started with stays with it.

OpenCode is told to keep all of its files under the pod's own home.
"""

import os
import pwd
import shutil
import site
import sys
from pathlib import Path

from opm.server.runtime.agent import ANSWER_TOKENS, QUIET_GIT, SWITCHES, configuration, encoded
from opm.server.runtime.base import PodSpec
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.procfs import MARKER
from opm.server.runtime.local.settings import LocalSettings

STANDARD_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
TOOLS = ("git", "rg", "node", "npm", "bash")


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


def account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number without a name
        return "opm"


def base(layout: PodLayout, project_id: str, path: str) -> dict[str, str]:
    home = layout.home
    name = account_name(os.geteuid())
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
        "OPENCODE_CONFIG_CONTENT": encoded(configuration(spec, demo_port, layout.workspace)),
    }
    if spec.answer_tokens is not None:
        environ[ANSWER_TOKENS] = str(spec.answer_tokens)
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
