"""What a cluster must have for pods to run on it, looked at one by one, each with how to mend it."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from opm.server.core.errors import RuntimeFault
from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import PodSpec
from opm.server.runtime.doctor import Check
from opm.server.runtime.kubernetes import manifests, permissions
from opm.server.runtime.kubernetes.api import CLAIMS, PODS, Api, ApiError, Kind
from opm.server.runtime.kubernetes.credentials import Cluster, find_cluster
from opm.server.runtime.kubernetes.making import words
from opm.server.runtime.kubernetes.manifests import Plan

CLASSES = Kind("storageclasses", "storage.k8s.io")
NOBODY = UUID(int=0)
ROLE = "Apply the Role of deploy/kustomize/base, and check that it is bound to this account."


async def run_checks(
    settings: KubernetesSettings, find: Callable[[KubernetesSettings], Cluster] = find_cluster
) -> list[Check]:
    """Nothing is made: what is tried is a dry run."""
    try:
        api = Api(await asyncio.to_thread(find, settings), settings.namespace, pace=0.2)
    except RuntimeFault as fault:
        return [
            Check("Cluster", ok=False, found=fault.message, mend="Set OPM_KUBERNETES__KUBECONFIG to one that works.")
        ]
    try:
        reached = await _reached(api)
        if reached.ok is False:
            return [reached]
        found = await asyncio.gather(
            _missing(api), _too_much(api), _storage(api, settings), _pod(api, settings), _pss(api, settings)
        )
        return [reached, *found, *_weak(settings)]
    finally:
        await api.close()


async def _reached(api: Api) -> Check:
    try:
        version: dict[str, Any] = msgspec.json.decode(await api.request("GET", "/version"))
    except RuntimeFault as fault:
        return Check("Cluster", ok=False, found=fault.message, mend="Check the address, the network and the account.")
    return Check("Cluster", ok=True, found=f"Kubernetes {version.get('gitVersion', '?')}, namespace {api.namespace}")


async def _missing(api: Api) -> Check:
    wanted = [(verb, kind) for kind, verbs in permissions.VERBS.items() for verb in sorted(verbs)]
    try:
        allowed = await asyncio.gather(*(_may(api, verb, kind) for verb, kind in wanted))
    except RuntimeFault as fault:
        return Check("Permissions", ok=False, found=fault.message, mend=ROLE)
    lacking = [f"{verb} {kind.plural}" for (verb, kind), may in zip(wanted, allowed, strict=True) if not may]
    if lacking:
        return Check("Permissions", ok=False, found=f"may not {', '.join(lacking)}", mend=ROLE)
    return Check("Permissions", ok=True, found=f"all {len(wanted)} that are needed")


async def _too_much(api: Api) -> Check:
    try:
        allowed = await asyncio.gather(*(_may(api, verb, kind) for verb, kind in permissions.FORBIDDEN))
    except RuntimeFault as fault:
        return Check("Permissions beyond", ok=None, found=fault.message, mend=ROLE)
    beyond = [f"{verb} {kind.plural}" for (verb, kind), may in zip(permissions.FORBIDDEN, allowed, strict=True) if may]
    if beyond:
        mend = "Use an account that may not; a controller that is taken over can do whatever its account may."
        return Check("Permissions beyond", ok=None, found=f"may also {', '.join(beyond)}", mend=mend)
    return Check("Permissions beyond", ok=True, found="none of those that would be dangerous")


async def _may(api: Api, verb: str, kind: Kind) -> bool:
    asked = permissions.review(verb, kind, api.namespace)
    body = await api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=asked)
    answer: dict[str, Any] = msgspec.json.decode(body)
    return bool(answer.get("status", {}).get("allowed"))


async def _storage(api: Api, settings: KubernetesSettings) -> Check:
    mend = "Make a StorageClass, or name one with OPM_KUBERNETES__STORAGE_CLASS."
    path = "/apis/storage.k8s.io/v1/storageclasses"
    try:
        found: dict[str, Any] = msgspec.json.decode(await api.request("GET", path))
    except ApiError as exc:
        if exc.code == 403:
            return Check("Storage class", ok=True, found="cannot be looked at by this account; a claim is tried below")
        return Check("Storage class", ok=None, found=exc.message, mend=mend)
    except RuntimeFault as fault:
        return Check("Storage class", ok=None, found=fault.message, mend=mend)
    classes = {item["metadata"]["name"]: item["metadata"].get("annotations", {}) for item in found["items"]}
    usual = [
        name for name, notes in classes.items() if notes.get("storageclass.kubernetes.io/is-default-class") == "true"
    ]
    wanted = settings.storage_class or (usual[0] if usual else None)
    if wanted in classes:
        return Check("Storage class", ok=True, found=str(wanted))
    said = f"{settings.storage_class} is not there" if settings.storage_class else "none is the default"
    return Check("Storage class", ok=False, found=said, mend=mend)


async def _pod(api: Api, settings: KubernetesSettings) -> Check:
    """Quota, security standard, limits, image rules: whatever the cluster would say to a pod."""
    plan = Plan(settings, PodSpec(NOBODY, "none", {}, opencode_password=str(NOBODY), pass_key=NOBODY.bytes))
    made = manifests.pod(plan, str(NOBODY))
    del made["metadata"]["ownerReferences"]
    try:
        await api.create(CLAIMS, manifests.claim(plan), dryRun="All")
        await api.create(PODS, made, dryRun="All")
    except RuntimeFault as fault:
        return Check("A pod", ok=False, found=words(fault), mend="Mend what is said here; every project would meet it.")
    return Check("A pod", ok=True, found="would be taken (dry run)")


async def _pss(api: Api, settings: KubernetesSettings) -> Check:
    """A pod that runs as root must be refused."""
    name = "opm-doctor"
    container = {"name": "root", "image": settings.sidecar_image, "securityContext": {"runAsUser": 0}}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}
    mend = f"Label the namespace: kubectl label namespace {api.namespace} pod-security.kubernetes.io/enforce=restricted"
    try:
        await api.create(PODS, made, dryRun="All")
    except ApiError as exc:
        if exc.code == 403 and "PodSecurity" in exc.said:
            return Check("Pod security", ok=True, found="the namespace refuses pods that are not restricted")
        return Check("Pod security", ok=None, found=words(exc), mend=mend)
    except RuntimeFault as fault:
        return Check("Pod security", ok=None, found=fault.message, mend=mend)
    return Check("Pod security", ok=None, found="the namespace takes a pod that runs as root", mend=mend)


def _weak(settings: KubernetesSettings) -> list[Check]:
    if not settings.network_policy:
        return []  # told among the settings
    mend = "Check once that one pod cannot open port 3001 of another; not every network plug-in enforces policies."
    return [
        Check(
            "Network policies",
            ok=None,
            found="made for every pod; whether they are enforced is not seen here",
            mend=mend,
        )
    ]
