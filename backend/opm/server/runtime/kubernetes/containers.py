"""The containers of a pod, as restricted as the cluster's strictest standard asks, each with a user of its own.

What they share is the group, which owns the workspace; so their files have to be writable by it, hence the umask.
The agent sees its own password and its provider's key, never what the sidecars accept passes with.
"""

from typing import Any

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.agent import ANSWER_TOKENS, QUIET_GIT, SWITCHES
from opm.server.runtime.base import Part
from opm.server.runtime.kubernetes import names
from opm.server.runtime.kubernetes.budget import Resources

GROUP = 10000
USERS = {Part.OPENCODE: 10001, Part.FILES: 10002, Part.SESSION: 10003, Part.MODEL: 10004}
PORTS = {Part.OPENCODE: 3000, Part.FILES: 3001, Part.SESSION: 3002, Part.MODEL: 3003}
WORKSPACE, VOLUME = "/workspace", "/volume"
HOMES = {Part.OPENCODE: "/home/opencode", Part.SESSION: "/home/shell"}
# Each container's own.
TEMPORARY = "/tmp"  # noqa: S108  # nosec B108
SECRETS, SEEDS = "/etc/opm/secrets", "/etc/opm/seed"
PYTHON = "/opt/opm/bin/python"
"""Of the sidecar image, which keeps it off the PATH of people's shells."""
CLAIM, SEED_VOLUME = "workspace", "seed"
START_SECONDS = 180
"""A sidecar starts in one or two; on a node that is overrun, being ended for it would only make things worse."""
DISPOSE_SECONDS = 4
"""OpenCode exits at once when it is asked to end: so long it is left to close its runs, as the session sidecar asks."""

# What earlier starts unpacked is taken away first. The shell stays, for two reasons: the first process of a container
# is not ended by a signal it has no handler for, and OpenCode has none; and somebody has to bury what its tools leave.
SERVE = f"""\
umask 0002
rm -rf /tmp/* /tmp/.[!.]*
opencode serve --hostname 127.0.0.1 --port {PORTS[Part.OPENCODE]} --print-logs --log-level WARN &
agent=$!
trap 'kill -TERM $agent' TERM INT
wait $agent
code=$?
while kill -0 $agent 2>/dev/null; do wait $agent; code=$?; done
exit $code
"""
GIT_OF_ALL = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
"""The workspace's files belong to several users of one group, which git would find suspicious."""

Container = dict[str, Any]


def opencode(settings: KubernetesSettings, name: str, resources: Resources, start_seconds: int) -> Container:
    home = HOMES[Part.OPENCODE]
    folders = {"CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state", "CACHE": ".cache"}
    xdg = {f"XDG_{kind}_HOME": f"{home}/{folder}" for kind, folder in folders.items()}
    plain = {**_common(Part.OPENCODE), **xdg, **QUIET_GIT, **GIT_OF_ALL, **SWITCHES}
    env = [
        *_plain(plain),
        _told("OPENCODE_CONFIG_CONTENT", name, "opencode.json"),
        _told(ANSWER_TOKENS, name, "answer-tokens", optional=True),
        _secret("OPENCODE_SERVER_PASSWORD", name, "opencode-password"),
        _secret("OPM_PROVIDER_KEY", name, "provider-key", optional=True),
    ]
    # It listens on loopback, where no probe of the node gets to; the session sidecar looks for it.
    health = {"path": "/health/opencode", "port": PORTS[Part.SESSION]}
    return {
        **_base(settings, settings.opencode_image, Part.OPENCODE, resources),
        "command": ["/bin/sh", "-c", SERVE],
        "workingDir": WORKSPACE,
        "env": env,
        "lifecycle": {"preStop": {"sleep": {"seconds": DISPOSE_SECONDS}}},
        **_probes(health, START_SECONDS + start_seconds),
        "volumeMounts": [_workspace(), _home(Part.OPENCODE), _temporary(Part.OPENCODE)],
    }


def files(settings: KubernetesSettings, project: str, resources: Resources) -> Container:
    return {
        **_base(settings, settings.sidecar_image, Part.FILES, resources),
        "args": ["files"],
        "env": [*_plain(_sidecar_environ(Part.FILES, project)), _own_address()],
        "ports": [{"name": "files", "containerPort": PORTS[Part.FILES]}],
        **_probes({"path": "/health", "port": PORTS[Part.FILES]}, START_SECONDS),
        "volumeMounts": [_workspace(), _secrets(Part.FILES), _temporary(Part.FILES)],
    }


def session(settings: KubernetesSettings, project: str, resources: Resources) -> Container:
    more = {
        "OPM_POD_OPENCODE_URL": f"http://127.0.0.1:{PORTS[Part.OPENCODE]}",
        "SHELL": "/bin/bash",
        **QUIET_GIT,
        **GIT_OF_ALL,
    }
    return {
        **_base(settings, settings.sidecar_image, Part.SESSION, resources),
        "args": ["session"],
        "env": [*_plain({**_sidecar_environ(Part.SESSION, project), **more}), _own_address()],
        "ports": [{"name": "session", "containerPort": PORTS[Part.SESSION]}],
        "lifecycle": {"preStop": {"exec": {"command": [PYTHON, "-P", "-m", "opm.sidecar", "dispose"]}}},
        **_probes({"path": "/health", "port": PORTS[Part.SESSION]}, START_SECONDS),
        "volumeMounts": [_workspace(), _home(Part.SESSION), _secrets(Part.SESSION), _temporary(Part.SESSION)],
    }


def model(settings: KubernetesSettings, resources: Resources) -> Container:
    """Without a probe: it listens on loopback, for OpenCode alone."""
    return {
        **_base(settings, settings.sidecar_image, Part.MODEL, resources),
        "args": ["model"],
        "env": _plain({**_common(Part.MODEL), "OPM_POD_PORT": str(PORTS[Part.MODEL])}),
        "volumeMounts": [_temporary(Part.MODEL)],
    }


def seed(settings: KubernetesSettings, resources: Resources) -> Container:
    """Makes the workspace when there is none, as the agent's own user."""
    paths = {"OPM_POD_VOLUME": VOLUME, "OPM_POD_SEED_FILE": f"{SEEDS}/seed.json"}
    return {
        **_base(settings, settings.sidecar_image, Part.OPENCODE, resources),
        "name": names.SEED,
        "args": ["seed"],
        "env": _plain({**_common(Part.OPENCODE), **paths, "HOME": TEMPORARY}),
        "terminationMessagePolicy": "FallbackToLogsOnError",  # it knows no secret
        "volumeMounts": [
            {"name": CLAIM, "mountPath": VOLUME},
            {"name": SEED_VOLUME, "mountPath": SEEDS, "readOnly": True},
            _temporary(Part.OPENCODE),
        ],
    }


def _base(settings: KubernetesSettings, image: str, part: Part, resources: Resources) -> Container:
    return {
        "name": names.CONTAINERS[part],
        "image": image,
        "imagePullPolicy": settings.pull_policy,
        "resources": resources,
        "securityContext": {
            "runAsUser": USERS[part],
            "runAsGroup": GROUP,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _common(part: Part) -> dict[str, str]:
    return {
        "HOME": HOMES.get(part, TEMPORARY),
        "TMPDIR": TEMPORARY,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "OPM_POD_UMASK": "0002",
    }


def _sidecar_environ(part: Part, project: str) -> dict[str, str]:
    return {
        **_common(part),
        "OPM_POD_PROJECT": project,
        "OPM_POD_PORT": str(PORTS[part]),
        "OPM_POD_WORKSPACE": WORKSPACE,
        "OPM_POD_SECRETS_FILE": f"{SECRETS}/secrets.json",
    }


def _plain(environ: dict[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in environ.items()]


def _told(variable: str, name: str, key: str, *, optional: bool = False) -> dict[str, Any]:
    return _from("configMapKeyRef", variable, name, key, optional=optional)


def _secret(variable: str, name: str, key: str, *, optional: bool = False) -> dict[str, Any]:
    return _from("secretKeyRef", variable, name, key, optional=optional)


def _from(where: str, variable: str, name: str, key: str, *, optional: bool) -> dict[str, Any]:
    reference: dict[str, Any] = {"name": name, "key": key}
    return {"name": variable, "valueFrom": {where: {**reference, "optional": True} if optional else reference}}


def _own_address() -> dict[str, Any]:
    """A sidecar listens there and answers to that name only."""
    return {"name": "OPM_POD_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def _probes(health: dict[str, Any], start_seconds: int) -> dict[str, Any]:
    return {
        "startupProbe": {"httpGet": health, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": start_seconds},
        "readinessProbe": {"httpGet": health, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        # Patient: an OpenCode under load must not be taken for a hung one, nor die with a sidecar that restarts.
        "livenessProbe": {"httpGet": health, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _workspace() -> dict[str, Any]:
    return {"name": CLAIM, "mountPath": WORKSPACE, "subPath": "workspace"}


def _home(part: Part) -> dict[str, Any]:
    return {"name": CLAIM, "mountPath": HOMES[part], "subPath": "home" if part is Part.OPENCODE else "shell"}


def _secrets(part: Part) -> dict[str, Any]:
    return {"name": f"secrets-{part}", "mountPath": SECRETS, "readOnly": True}


def _temporary(part: Part) -> dict[str, Any]:
    return {"name": f"tmp-{part}", "mountPath": TEMPORARY}
