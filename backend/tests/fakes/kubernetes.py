"""A cluster's API without a cluster: objects in memory, watches, and a node that does as the test says."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiohttp import web

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.kubernetes.credentials import Cluster

Key = tuple[str, str]
GROUPS = ("/api/v1", "/apis/networking.k8s.io/v1")
KINDS = {
    "pods": "Pod",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "networkpolicies": "NetworkPolicy",
    "events": "Event",
}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeCluster:
    """Pods come up by themselves after `start_delay` seconds and end after `end_delay`; None: never."""

    def __init__(self, *, start_delay: float | None = 0.02, end_delay: float | None = 0.02) -> None:
        self.start_delay = start_delay
        self.end_delay = end_delay
        self.objects: dict[Key, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.logs: dict[str, str] = {}
        self.refuse: dict[str, tuple[int, str, str]] = {}
        """`POST pods` and the like: code, reason and message of every answer."""
        self.memory: dict[str, dict[str, str]] | None = None
        """By pod and container, as quantities; None: nothing gathers them."""
        self.forgotten = 0
        """Places before this one are not known any more."""
        self._version = 100
        self._history: list[tuple[int, str, str, dict[str, Any]]] = []
        self._news = asyncio.Event()
        self._later: set[asyncio.Task[None]] = set()
        self._address = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeCluster"]:
        app = web.Application()
        for root in GROUPS:
            app.router.add_route("*", root + "/namespaces/{namespace}/{plural}", self._collection)
            app.router.add_route("*", root + "/namespaces/{namespace}/{plural}/{name}", self._object)
            app.router.add_get(root + "/namespaces/{namespace}/{plural}/{name}/log", self._log)
        app.router.add_get("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", self._metrics)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            for task in self._later:
                task.cancel()
            await asyncio.gather(*self._later, return_exceptions=True)
            await runner.cleanup()

    def find(self, _: KubernetesSettings) -> Cluster:
        return Cluster(self._address, None, lambda: "a-token")

    # What the test does behind the controller's back

    def pod(self, name: str) -> dict[str, Any]:
        return self.objects["pods", name]

    def told(self) -> list[tuple[str, str]]:
        """What happened so far, as kind of event and of object."""
        return [(kind, plural) for _, kind, plural, _ in self._history]

    def put(self, plural: str, name: str, made: dict[str, Any]) -> None:
        before = self.objects.get((plural, name))
        self._version += 1
        made["metadata"]["resourceVersion"] = str(self._version)
        self.objects[plural, name] = made
        self._tell("MODIFIED" if before else "ADDED", plural, made)

    def status(self, name: str, **status: Any) -> None:
        pod = json.loads(json.dumps(self.pod(name)))
        pod["status"] = {**pod.get("status", {}), **status}
        self.put("pods", name, pod)

    def come_up(self, name: str) -> None:
        pod = self.pod(name)
        before = {s["name"]: s for s in pod.get("status", {}).get("containerStatuses", [])}
        containers = [
            {
                "name": container["name"],
                "ready": True,
                "restartCount": before.get(container["name"], {}).get("restartCount", 0),
                "containerID": f"containerd://{uuid4().hex}",
                "image": container["image"],
                "state": {"running": {"startedAt": now()}},
                "lastState": before.get(container["name"], {}).get("lastState", {}),
            }
            for container in pod["spec"]["containers"]
        ]
        pod["spec"]["nodeName"] = "node-1"
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": now()}
        self.status(name, phase="Running", podIP="10.1.2.3", conditions=[ready], containerStatuses=containers)

    def die(self, name: str, container: str = "opencode", code: int = 137, reason: str = "Error") -> None:
        """The node starts it again by itself."""
        statuses = json.loads(json.dumps(self.pod(name)["status"]["containerStatuses"]))
        for status in statuses:
            if status["name"] == container:
                ended = {"exitCode": code, "reason": reason, "finishedAt": now()}
                status.update(ready=False, state={"terminated": ended}, lastState={"terminated": ended})
                status["restartCount"] += 1
        self.status(name, conditions=[{"type": "Ready", "status": "False"}], containerStatuses=statuses)
        self._in(0.05, lambda: self.come_up(name))

    def gone(self, plural: str, name: str) -> None:
        made = self.objects.pop((plural, name), None)
        if made is None:
            return
        self._version += 1
        made["metadata"]["resourceVersion"] = str(self._version)
        self._tell("DELETED", plural, made)
        claim = self.objects.get(("persistentvolumeclaims", name))
        if plural == "pods" and claim is not None and claim["metadata"].get("deletionTimestamp"):
            self.gone("persistentvolumeclaims", name)
        for (kind, other), owned in list(self.objects.items()):
            if any(owner["uid"] == made["metadata"]["uid"] for owner in owned["metadata"].get("ownerReferences", [])):
                self.gone(kind, other)

    def forget_history(self) -> None:
        self.forgotten = self._version

    def _tell(self, change: str, plural: str, made: dict[str, Any]) -> None:
        self._history.append((self._version, change, plural, json.loads(json.dumps(made))))
        self._news.set()
        self._news = asyncio.Event()

    def _in(self, seconds: float | None, do: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds or 0)
            do()

        if seconds is not None:
            task = asyncio.create_task(wait())
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    # The API

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        plural = request.match_info["plural"]
        refused = self._count(request, plural)
        if refused is not None:
            return refused
        if request.method == "POST":
            return self._create(plural, await request.json())
        if request.query.get("watch"):
            return await self._watch(request, plural)
        items = [made for (kind, _), made in sorted(self.objects.items()) if kind == plural]
        return web.json_response({"metadata": {"resourceVersion": str(self._version)}, "items": items})

    def _create(self, plural: str, made: dict[str, Any]) -> web.Response:
        name = made["metadata"]["name"]
        if (plural, name) in self.objects:
            return failure(409, "AlreadyExists", f"{plural} {name!r} already exists")
        made["metadata"].update(uid=str(uuid4()), creationTimestamp=now())
        self.put(plural, name, made)
        if plural == "pods":
            uid = made["metadata"]["uid"]
            self._in(self.start_delay, lambda: self.come_up(name) if self._is(plural, name, uid) else None)
        return web.json_response(made, status=201)

    def _is(self, plural: str, name: str, uid: str) -> bool:
        made = self.objects.get((plural, name))
        return made is not None and made["metadata"]["uid"] == uid

    async def _object(self, request: web.Request) -> web.Response:
        plural, name = request.match_info["plural"], request.match_info["name"]
        refused = self._count(request, plural)
        if refused is not None:
            return refused
        made = self.objects.get((plural, name))
        if request.method == "PATCH":
            wanted = await request.json()
            if made is None:
                return self._create(plural, wanted)
            wanted["metadata"].update(uid=made["metadata"]["uid"])
            self.put(plural, name, wanted)
            return web.json_response(wanted)
        if made is None:
            return failure(404, "NotFound", f"{plural} {name!r} not found")
        if request.method == "DELETE":
            return self._delete(plural, name, made, await request.json())
        return web.json_response(made)

    def _delete(self, plural: str, name: str, made: dict[str, Any], options: dict[str, Any]) -> web.Response:
        uid = options.get("preconditions", {}).get("uid")
        if uid not in {None, made["metadata"]["uid"]}:
            return failure(409, "Conflict", "Precondition failed: UID in precondition")
        waits = plural == "persistentvolumeclaims" and ("pods", name) in self.objects
        if plural != "pods" and not waits:
            self.gone(plural, name)
        elif not made["metadata"].get("deletionTimestamp"):
            self.put(plural, name, {**made, "metadata": {**made["metadata"], "deletionTimestamp": now()}})
            if plural == "pods":
                self._in(self.end_delay, lambda: self.gone(plural, name))
        return web.json_response({"kind": "Status", "status": "Success"})

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        place = int(request.query["resourceVersion"])
        if place < self.forgotten:
            return failure(410, "Expired", "too old resource version")
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            news, newest = self._news, self._version
            for version, change, kind, made in list(self._history):
                if place < version <= newest and kind == plural:
                    await response.write(json.dumps({"type": change, "object": made}).encode() + b"\n")
            place = newest
            mark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(place)}}}
            await response.write(json.dumps(mark).encode() + b"\n")
            await news.wait()

    async def _log(self, request: web.Request) -> web.Response:
        self._count(request, "log")
        name, container = request.match_info["name"], request.query["container"]
        if ("pods", name) not in self.objects:
            return failure(404, "NotFound", "no such pod")
        if request.query.get("previous"):
            return failure(400, "BadRequest", "previous terminated container not found")
        return web.Response(text=self.logs.get(container, ""))

    async def _metrics(self, request: web.Request) -> web.Response:
        refused = self._count(request, "podmetrics")
        if refused is not None:
            return refused
        if self.memory is None:
            return failure(404, "NotFound", "the server could not find the requested resource")
        items = [
            {
                "metadata": {"name": name, "creationTimestamp": now()},
                "timestamp": now(),
                "window": "15.2s",
                "containers": [{"name": key, "usage": {"cpu": "1n", "memory": size}} for key, size in used.items()],
            }
            for name, used in self.memory.items()
        ]
        return web.json_response({"kind": "PodMetricsList", "metadata": {}, "items": items})

    def _count(self, request: web.Request, plural: str) -> web.Response | None:
        assert request.headers["Authorization"] == "Bearer a-token"
        call = f"{request.method} {plural}"
        self.calls[call] += 1
        return failure(*self.refuse[call]) if call in self.refuse else None


def failure(code: int, reason: str, message: str) -> web.Response:
    return web.json_response(
        {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}, status=code
    )
