"""What the Pod Security Standard `restricted` asks of a pod, as a function of its specification.

The API server decides; this tells the same without one, for what our manifests use. Stricter in one thing: rights are
looked for at the container, where a reader looks for them.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def containers(spec: Json) -> list[Json]:
    return [*spec.get("initContainers", []), *spec["containers"], *spec.get("ephemeralContainers", [])]


def breaches(spec: Json) -> list[str]:
    return [*_of_pod(spec), *(f"{c['name']}: {fault}" for c in containers(spec) for fault in _of_container(spec, c))]


def _of_pod(spec: Json) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", []):
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is a {', '.join(kinds)}"
    if spec.get("securityContext", {}).get("sysctls"):
        yield "sysctls"


def _of_container(spec: Json, container: Json) -> Iterator[str]:
    pod, own = spec.get("securityContext", {}), container.get("securityContext", {})
    both = pod | own
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "does not drop ALL"
    if set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
        yield "may run as root"
    if both.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "has no seccomp profile"
    if both.get("procMount", "Default") != "Default":
        yield "procMount"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "hostPort"
