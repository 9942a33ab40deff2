"""Pods as our own are held to be: of no privilege, on a read-only root."""

import json
from typing import Any

from tests.cluster.images import image
from tests.cluster.kubectl import Kubectl, Object

RESTRICTED: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def container(name: str, of_image: str, **more: Any) -> Object:
    """`more` are fields of the container, such as ``command``, ``env`` and ``volumeMounts``."""
    return {
        "name": name,
        "image": image(of_image),
        "imagePullPolicy": "IfNotPresent",
        "securityContext": RESTRICTED,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "1536Mi"}},
        **more,
    }


def pod(name: str, *containers: Object, labels: dict[str, str] | None = None, uid: int = 12_345, **more: Any) -> Object:
    """`more` are fields of its spec, such as ``volumes`` and ``serviceAccountName``."""
    account = {} if "serviceAccountName" in more else {"automountServiceAccountToken": False}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": uid,
                "runAsGroup": uid,
                "fsGroup": uid,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "containers": containers,
            **account,
            **more,
        },
    }


def empty(name: str, path: str, **of_mount: Any) -> tuple[Object, Object]:
    """A folder that lives as long as the pod: the volume and its mount."""
    return {"name": name, "emptyDir": {}}, {"name": name, "mountPath": path, **of_mount}


def probe(name: str, labels: dict[str, str] | None = None, **more: Any) -> Object:
    """A pod with Python, to look at the network from."""
    return pod(name, container("probe", "probe"), labels=labels, **more)


ASK = """
import base64, json, sys, urllib.error, urllib.request
url, headers, seconds = json.loads(sys.argv[1])
try:
    answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=seconds)
except urllib.error.HTTPError as error:
    answer = error
except OSError as error:
    print(json.dumps([0, str(error)]))
    raise SystemExit
print(json.dumps([answer.status, answer.read(100_000).decode("utf-8", "replace")]))
"""


def ask(
    kubectl: Kubectl, where: str, url: str, *, headers: dict[str, str] | None = None, seconds: float = 3
) -> tuple[int, str]:
    """Status and body that a probe gets for a GET; status 0 and the reason where nobody answers."""
    told = kubectl.execute(where, "python3", "-c", ASK, json.dumps([url, headers or {}, seconds]), container="probe")
    status, body = json.loads(told)
    return status, body
