"""A real cluster, named by KUBECONFIG, and what tests do there behind the controller's back.

Its images are named by OPM_TEST_OPENCODE_IMAGE and OPM_TEST_SIDECAR_IMAGE. Without a cluster a test that needs one is
skipped, and fails where CI is true.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.kubernetes import KubernetesRuntime
from opm.server.runtime.kubernetes.api import CLAIMS, CONFIG_MAPS, PODS, POLICIES, SECRETS, Api, Kind
from opm.server.runtime.kubernetes.credentials import Cluster, find_cluster
from opm.server.runtime.kubernetes.names import SELECTOR
from tests.absent import absent

OURS = (PODS, CLAIMS, CONFIG_MAPS, SECRETS, POLICIES)
PROJECTS = int(os.environ.get("OPM_TEST_PROJECTS", "20"))
"""Of tests in which many come and go."""


class RealCluster:
    def __init__(self, settings: KubernetesSettings, cluster: Cluster) -> None:
        self.settings = settings
        self.cluster = cluster
        self.api = Api(cluster, settings.namespace)

    @contextlib.asynccontextmanager
    async def runtime(
        self, *, find: Callable[[KubernetesSettings], Cluster] | None = None, **changes: Any
    ) -> AsyncIterator[KubernetesRuntime]:
        """With nothing of it left afterwards."""
        settings = self.settings.model_copy(update=changes)
        runtime = KubernetesRuntime(settings, start_timeout=180, find=find or (lambda _: self.cluster))
        try:
            await runtime.open()
            yield runtime
        finally:
            await asyncio.gather(*(runtime.remove(project_id) for project_id in await runtime.known()))
            await runtime.close()

    async def exists(self, kind: Kind, name: str) -> bool:
        return await self.api.get(kind, name) is not None

    async def names(self, kind: Kind) -> list[str]:
        body = await self.api.request("GET", kind.path(self.settings.namespace), query={"labelSelector": SELECTOR})
        return [item["metadata"]["name"] for item in json.loads(body)["items"]]

    async def left(self) -> dict[str, list[str]]:
        """What there is of any project."""
        found = {kind.plural: await self.names(kind) for kind in OURS}
        return {kind: names for kind, names in found.items() if names}

    async def pod(self, name: str) -> dict[str, Any]:
        body = await self.api.get(PODS, name)
        assert body is not None
        found: dict[str, Any] = json.loads(body)
        return found

    async def uid(self, kind: Kind, name: str) -> str:
        body = await self.api.get(kind, name)
        assert body is not None
        return str(json.loads(body)["metadata"]["uid"])

    async def run_in(self, name: str, container: str, command: str) -> str:
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            absent("kubectl is not on the PATH")
        where = ("--kubeconfig", str(self.settings.kubeconfig), "-n", self.settings.namespace, "exec", name)
        process = await asyncio.create_subprocess_exec(
            *(str(kubectl), *where, "-c", container, "--", "sh", "-c", command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode(errors="replace")[-1000:]
        return said.decode(errors="replace")

    async def kill(self, name: str, container: str, how: signal.Signals = signal.SIGKILL) -> None:
        if container == "opencode":
            await self.run_in(name, container, f"kill -{how.value} $(pidof opencode)")
            return
        # nobody inside can kill the first process of a container; the node has to be this machine
        os.kill(await self._pid(name, container), how)

    async def _pid(self, name: str, container: str) -> int:
        pod = await self.pod(name)
        statuses = pod["status"]["containerStatuses"]
        ref = next(s["containerID"] for s in statuses if s["name"] == container).partition("://")[2]
        found = await asyncio.to_thread(processes_of, ref)
        if not found:
            absent("the node's processes cannot be seen from here")
        return min(found)


def processes_of(ref: str) -> list[int]:
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cgroup") if ref in _text(path)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@contextlib.asynccontextmanager
async def real_cluster() -> AsyncIterator[RealCluster]:
    """In a namespace of its own, as restricted as the one it is meant for."""
    named = os.environ.get("KUBECONFIG", "")
    if not named:
        absent("no cluster: KUBECONFIG is not set")
    settings = KubernetesSettings(
        kubeconfig=Path(named),
        namespace=f"opm-test-{uuid4().hex[:8]}",
        opencode_image=os.environ.get("OPM_TEST_OPENCODE_IMAGE", "local.test/opm-opencode:test"),
        sidecar_image=os.environ.get("OPM_TEST_SIDECAR_IMAGE", "local.test/opm-sidecar:test"),
        volume_size="1Gi",
        request_share=0.1,
        memory_mb=2048,
    )
    real = RealCluster(settings, find_cluster(settings))
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": settings.namespace, "labels": labels}}
    await real.api.request("POST", "/api/v1/namespaces", body=made)
    try:
        yield real
    finally:
        await real.api.request("DELETE", f"/api/v1/namespaces/{settings.namespace}")
        await real.api.close()
