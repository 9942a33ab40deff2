"""Pods that ask for more than the strictest Pod Security Standard gives, each in one way."""

from tests.cluster.kubectl import Object
from tests.cluster.pods import RESTRICTED, container, pod


def _secured(**changes: object) -> Object:
    return pod("bold", container("bold", "probe", securityContext={**RESTRICTED, **changes}))


def _as_a_whole(**changes: object) -> Object:
    made = pod("bold", container("bold", "probe"))
    made["spec"]["securityContext"] |= changes
    return made


def _holding(volume: Object) -> Object:
    return pod("bold", container("bold", "probe"), volumes=[{"name": "outside", **volume}])


def _begun_by(**changes: object) -> Object:
    first = container("first", "probe", securityContext={**RESTRICTED, **changes})
    return pod("bold", container("bold", "probe"), initContainers=[first])


UNCONFINED = {"type": "Unconfined"}
ASKING = {"httpGet": {"host": "169.254.169.254", "path": "/", "port": 80}}

BOLD: dict[str, Object] = {
    "privileged": _secured(privileged=True, allowPrivilegeEscalation=True),
    "privileged at first": _begun_by(privileged=True, allowPrivilegeEscalation=True),
    "root": _secured(runAsUser=0),
    "root as a whole": _as_a_whole(runAsUser=0),
    "root at first": _begun_by(runAsUser=0),
    "perhaps root": _as_a_whole(runAsNonRoot=False),
    "escalation": _secured(allowPrivilegeEscalation=True),
    "all capabilities kept": _secured(capabilities={}),
    "one capability kept": _secured(capabilities={"drop": ["NET_RAW"]}),
    "a capability more": _secured(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    "every system call": _secured(seccompProfile=UNCONFINED),
    "every system call as a whole": _as_a_whole(seccompProfile=UNCONFINED),
    "no AppArmor": _secured(appArmorProfile=UNCONFINED),
    "a type of SELinux": _as_a_whole(seLinuxOptions={"type": "spc_t"}),
    "a user of SELinux": _as_a_whole(seLinuxOptions={"user": "system_u"}),
    "settings of the kernel": _as_a_whole(sysctls=[{"name": "kernel.msgmax", "value": "65536"}]),
    "the network of the node": pod("bold", container("bold", "probe"), hostNetwork=True),
    "processes of the node": pod("bold", container("bold", "probe"), hostPID=True),
    "memory of the node": pod("bold", container("bold", "probe"), hostIPC=True),
    "a port of the node": pod("bold", container("bold", "probe", ports=[{"containerPort": 80, "hostPort": 80}])),
    "a folder of the node": _holding({"hostPath": {"path": "/"}}),
    "a volume of elsewhere": _holding({"nfs": {"server": "10.0.0.1", "path": "/"}}),
    "a kubelet that asks elsewhere": pod("bold", container("bold", "probe", livenessProbe=ASKING)),
}
