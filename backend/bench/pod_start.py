"""How much longer a pod takes to be ready when the runtime makes it than when `kubectl apply` makes the same objects.

On the cluster that KUBECONFIG names, with the images that tests use there; in turns, in a namespace that is removed.
"""

import asyncio
import contextlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from bench.figures import Figure
from opm.server.runtime.base import PodPhase, PodSpec
from opm.server.runtime.kubernetes import KubernetesRuntime, manifests, names
from tests.cluster.kubectl import Kubectl
from tests.cluster.real import RealCluster, real_cluster
from tests.server.runtime.kubernetes.support import a_spec

PATIENCE = 240.0


def missing() -> str | None:
    """Why it cannot be measured here."""
    if not os.environ.get("KUBECONFIG"):
        return "KUBECONFIG is not set (`make cluster-up` prints it)"
    return None if shutil.which("kubectl") else "kubectl is not on the PATH"


async def run(*, rounds: int) -> list[tuple[str, list[Figure]]]:
    ours: list[float] = []
    bare: list[float] = []
    async with real_cluster() as cluster, cluster.runtime() as runtime:
        kubectl = Kubectl(str(shutil.which("kubectl")), Path(os.environ["KUBECONFIG"])).within(
            cluster.settings.namespace
        )
        await _by_runtime(runtime)  # images are unpacked, and everything has run once
        for number in range(rounds):
            for side in (True, False) if number % 2 else (False, True):
                if side:
                    ours.append(await _by_runtime(runtime))
                else:
                    bare.append(await _by_kubectl(cluster, kubectl))
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    figures = [
        Figure("the runtime: from the wish to running", "s", ours),
        Figure("kubectl apply of the same objects, until Ready", "s", bare),
        Figure("opm : bare, round by round", "times", ratios),
    ]
    return [("A pod of a new project, until it is ready", figures)]


async def _by_runtime(runtime: KubernetesRuntime) -> float:
    spec = a_spec()
    begun = time.monotonic()
    await runtime.ensure(spec)
    async with asyncio.timeout(PATIENCE):
        while True:
            if (await runtime.observe(spec.project_id)).phase is PodPhase.RUNNING:
                break
            await asyncio.sleep(0.02)
    took = time.monotonic() - begun
    await runtime.remove(spec.project_id)
    return took


async def _by_kubectl(cluster: RealCluster, kubectl: Kubectl) -> float:
    spec = a_spec()
    name, made = names.name_of(spec.project_id), _objects(cluster, spec)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})

    def apply() -> float:
        begun = time.monotonic()
        kubectl.run("apply", "-f", "-", stdin=listed)
        kubectl.run("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={PATIENCE:.0f}s", limit=PATIENCE + 30)
        return time.monotonic() - begun

    try:
        return await asyncio.to_thread(apply)
    finally:
        with contextlib.suppress(AssertionError):
            await asyncio.to_thread(
                lambda: kubectl.run("delete", "-f", "-", "--ignore-not-found", "--wait", stdin=listed, limit=120)
            )


def _objects(cluster: RealCluster, spec: PodSpec) -> list[dict[str, Any]]:
    """Those of the runtime, which nothing owns: an owner has to be there before what it owns."""
    plan = manifests.Plan(cluster.settings, spec)
    made: list[Any] = [manifests.claim(plan)]
    made += [one(plan, "") for one in (manifests.config_map, manifests.secret, manifests.network_policy, manifests.pod)]
    for one in made:
        one["metadata"].pop("ownerReferences", None)
    return made
