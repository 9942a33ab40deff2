"""A project's objects on the cluster. Pure: the same plan makes the same objects, byte for byte.

The claim owns the others: they go with the volume even if nobody is left to delete them, and a pod that is stopped
leaves it behind.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime import agent
from opm.server.runtime.base import Part, PodSpec
from opm.server.runtime.kubernetes import budget, containers, names, policy

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    settings: KubernetesSettings
    spec: PodSpec
    start_timeout: float = 60.0

    @property
    def name(self) -> str:
        return names.name_of(self.spec.project_id)

    @property
    def parts(self) -> tuple[Part, ...]:
        usual = (Part.OPENCODE, Part.FILES, Part.SESSION)
        return (*usual, Part.MODEL) if self.spec.demo_model else usual


def claim(plan: Plan) -> Manifest:
    settings = plan.settings
    wanted: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": settings.volume_size}},
    }
    if settings.storage_class is not None:
        wanted["storageClassName"] = settings.storage_class
    return {**_head(plan, "v1", "PersistentVolumeClaim"), "spec": wanted}


def config_map(plan: Plan, owner: str) -> Manifest:
    """`owner` is here, as below, the uid of the claim."""
    port = containers.PORTS[Part.MODEL] if plan.spec.demo_model else None
    said = agent.configuration(plan.spec, port, Path(containers.WORKSPACE))
    seed = {
        "workspace": dict(plan.spec.seed_files),
        "home": {".config/opencode/package-lock.json": agent.plugin_lock()},
        "home_once": {".config/opencode/node_modules/.keep": "", ".gitconfig": agent.GIT_CONFIG},
        "author": list(agent.AUTHOR),
    }
    data = {"opencode.json": agent.encoded(said), "seed.json": json.dumps(seed)}
    if plan.spec.answer_tokens is not None:
        data["answer-tokens"] = str(plan.spec.answer_tokens)
    return {**_head(plan, "v1", "ConfigMap", owner), "data": data}


def secret(plan: Plan, owner: str) -> Manifest:
    """Each container is given its own entries of this, and no other."""
    spec = plan.spec
    key = base64.b64encode(spec.pass_key).decode()
    data = {
        "files.json": json.dumps({"pass_key": key}),
        "session.json": json.dumps({"pass_key": key, "opencode_password": spec.opencode_password}),
        "opencode-password": spec.opencode_password,
    }
    if spec.provider_key is not None:
        data["provider-key"] = spec.provider_key
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return {**_head(plan, "v1", "Secret", owner), "type": "Opaque", "data": encoded}


def network_policy(plan: Plan, owner: str) -> Manifest:
    doors = [containers.PORTS[Part.FILES], containers.PORTS[Part.SESSION]]
    rules = policy.rules(plan.settings, names.labels(plan.spec.project_id), doors)
    return {**_head(plan, "networking.k8s.io/v1", "NetworkPolicy", owner), "spec": rules}


def pod(plan: Plan, owner: str) -> Manifest:
    made = {**_head(plan, "v1", "Pod", owner), "spec": _pod_spec(plan)}
    made["metadata"]["annotations"] = {
        names.DIGEST: plan.spec.digest,
        names.TEMPLATE: template(plan),
        names.DOORS: doors(plan),
    }
    return made


def template(plan: Plan) -> str:
    return _hash([_pod_spec(plan), network_policy(plan, "")["spec"] if plan.settings.network_policy else None])


def doors(plan: Plan) -> str:
    return _hash([base64.b64encode(plan.spec.pass_key).decode(), plan.spec.opencode_password])


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _head(plan: Plan, version: str, kind: str, owner: str | None = None) -> Manifest:
    metadata: Manifest = {
        "name": plan.name,
        "namespace": plan.settings.namespace,
        "labels": names.labels(plan.spec.project_id),
    }
    if owner is not None:
        reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": plan.name, "uid": owner}
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _pod_spec(plan: Plan) -> Manifest:
    settings = plan.settings
    wanted: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "shareProcessNamespace": False,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": containers.GROUP,
            "runAsGroup": containers.GROUP,
            "fsGroup": containers.GROUP,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **_containers(plan),
        "volumes": _volumes(plan),
    }
    if settings.pull_secret is not None:
        wanted["imagePullSecrets"] = [{"name": settings.pull_secret}]
    if settings.runtime_class is not None:
        wanted["runtimeClassName"] = settings.runtime_class
    if settings.user_namespaces:
        wanted["hostUsers"] = False
    return wanted


def _containers(plan: Plan) -> Manifest:
    settings, project = plan.settings, str(plan.spec.project_id)
    share = budget.divided(settings, plan.spec.limits, plan.parts)
    made = [
        containers.opencode(settings, plan.name, share[Part.OPENCODE], max(1, int(plan.start_timeout))),
        containers.files(settings, project, share[Part.FILES]),
        containers.session(settings, project, share[Part.SESSION]),
    ]
    if plan.spec.demo_model:
        made.append(containers.model(settings, share[Part.MODEL]))
    return {"initContainers": [containers.seed(settings, budget.of_seed(share))], "containers": made}


def _volumes(plan: Plan) -> list[Manifest]:
    name = plan.name
    seed = {"name": name, "items": [{"key": "seed.json", "path": "seed.json"}]}
    return [
        {"name": containers.CLAIM, "persistentVolumeClaim": {"claimName": name}},
        {"name": containers.SEED_VOLUME, "configMap": seed},
        *(_secrets(part, name) for part in (Part.FILES, Part.SESSION)),
        *({"name": f"tmp-{part}", "emptyDir": {"sizeLimit": plan.settings.scratch_size}} for part in plan.parts),
    ]


def _secrets(part: Part, name: str) -> Manifest:
    items = [{"key": f"{part}.json", "path": "secrets.json"}]
    return {"name": f"secrets-{part}", "secret": {"secretName": name, "defaultMode": 0o440, "items": items}}
