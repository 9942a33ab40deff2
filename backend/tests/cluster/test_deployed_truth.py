"""Whatever happens to a pod, the board says it within half a minute: what the API answers, and every page shows."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from opm.server.runtime.base import Part
from opm.server.runtime.kubernetes.names import CONTAINERS, PROJECT
from tests.absent import absent
from tests.cluster.deployment import NAMESPACE, Deployment, User
from tests.cluster.kubectl import Refusal
from tests.cluster.real import processes_of
from tests.e2e.served import Project, wait_for

pytestmark = pytest.mark.timeout(600)
TOLD_SECONDS = 30.0
BACK_SECONDS = 240.0
"""In which a pod comes back by itself; with the pauses that a kubelet makes between attempts."""
Look = Callable[[Any], Any]


class Watched:
    """A project as the board shows it, and the cluster behind it."""

    def __init__(self, deployment: Deployment, project: Project) -> None:
        self.kubectl = deployment.kubectl
        self.project = project
        self.id = project.id
        self.pod = deployment.pod_of(self.id)

    def shown(self) -> Any:
        return self.project.client.call("GET", f"{self.project.path}/pod")

    def on_board(self) -> tuple[str, str]:
        row = self.project.client.call("GET", self.project.path)
        return row["pod_status"], row["pod_reason"] or ""

    def until(self, look: Look, seconds: float, what: str) -> Any:
        try:
            return wait_for(lambda: shown if look(shown := self.shown()) else None, seconds, what)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {json.dumps(self.shown())[:3000]}") from failure

    def told(self, phases: set[str], words: str, since: float) -> None:
        """By both, the row and the view, in time."""

        def says() -> bool:
            status, reason = self.on_board()
            shown = self.shown()
            agree = {status, shown["phase"]} <= phases
            return agree and words in reason and words in (shown["reason"] or "")

        left = TOLD_SECONDS - (time.monotonic() - since)
        try:
            wait_for(says, left, words)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.on_board()} {json.dumps(self.shown())[:3000]}") from failure

    def running(self) -> Any:
        """By both, again."""
        shown = self.until(lambda shown: shown["phase"] == "running", BACK_SECONDS, "a running pod")
        wait_for(lambda: self.on_board()[0] == "running", TOLD_SECONDS, "the board to say so")
        return shown

    def part(self, part: Part) -> Any:
        return next(one for one in self.shown()["parts"] if one["part"] == part.value)

    def uid(self, what: str) -> str:
        return self.kubectl.get(what, self.pod)["metadata"]["uid"]

    def process_of(self, container: str) -> int:
        """Number of the container's first process as the node sees it, which has to be this machine."""
        statuses = self.kubectl.get("pod", self.pod)["status"]["containerStatuses"]
        ref = next(one["containerID"] for one in statuses if one["name"] == container).partition("://")[2]
        found = processes_of(ref)
        if not found:
            absent("the node's processes cannot be seen from here")
        return min(found)


@pytest.fixture(scope="module")
def watched(deployment: Deployment, alice: User) -> Iterator[Watched]:
    client = alice.client()
    project = client.project("Watched")
    try:
        client.call("PATCH", project.path, {"memory_mb": 1536})
        client.call("POST", f"{project.path}/start")
        made = Watched(deployment, project)
        made.running()
        yield made
    finally:
        client.call("DELETE", project.path)


@pytest.mark.parametrize("part", list(Part), ids=str)
def test_a_container_that_is_killed(watched: Watched, part: Part) -> None:
    watched.running()
    before = watched.part(part)["restarts"]
    os.kill(watched.process_of(CONTAINERS[part]), signal.SIGKILL)
    watched.until(
        lambda _: (now := watched.part(part))["restarts"] > before and "signal 9" in (now["reason"] or ""),
        TOLD_SECONDS,
        f"{part} to be told as killed",
    )
    watched.running()


def test_an_agent_that_takes_too_much_memory(watched: Watched) -> None:
    watched.running()
    greedy = "head -c 2000m /dev/zero | tail -c 1900m > /dev/null; kill -9 $(pidof opencode)"
    with contextlib.suppress(Refusal):  # it does not outlive what it does
        watched.kubectl.execute(watched.pod, "sh", "-c", greedy, container="opencode")
    watched.until(
        lambda _: "more memory" in (watched.part(Part.OPENCODE)["reason"] or ""), TOLD_SECONDS, "the lack of memory"
    )
    watched.running()


def test_a_pod_that_is_evicted_comes_back_on_its_volume(watched: Watched) -> None:
    watched.running()
    claim, pod = watched.uid("pvc"), watched.uid("pod")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": watched.pod}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{watched.pod}/eviction"
    begun = time.monotonic()
    watched.kubectl.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    # pending, as soon as a controller waits for its end to make another
    watched.told({"stopping", "pending"}, "The cluster takes the pod away", begun)
    watched.running()
    assert watched.uid("pod") != pod
    assert watched.uid("pvc") == claim


def test_an_image_that_cannot_be_had(watched: Watched) -> None:
    watched.running()  # and it is new, so that no pause after an earlier death comes before the attempt
    right = next(
        one["image"]
        for one in watched.kubectl.get("pod", watched.pod)["spec"]["containers"]
        if one["name"] == "opencode"
    )
    begun = time.monotonic()
    watched.kubectl.run("set", "image", f"pod/{watched.pod}", "opencode=local.test/none:none")
    try:
        watched.told({"failed"}, "local.test/none:none", begun)
        assert any("local.test/none:none" in event["message"] for event in watched.shown()["events"])
    finally:
        with contextlib.suppress(Refusal):  # the controllers may have made another pod meanwhile
            watched.kubectl.run("set", "image", f"pod/{watched.pod}", f"opencode={right}")
    watched.running()


def test_a_node_that_is_drained(watched: Watched) -> None:
    """Of project pods only: on the cluster's one node the controllers have to go on telling."""
    watched.running()
    node = watched.kubectl.get("pod", watched.pod)["spec"]["nodeName"]
    begun = time.monotonic()
    chosen = f"--pod-selector={PROJECT}={watched.id}"
    try:
        watched.kubectl.run("drain", node, chosen, "--force", "--delete-emptydir-data", "--timeout=60s", limit=90)
        assert time.monotonic() - begun < 60
        # from its end, since it waits for the end of the pod, before which there is no other to look for a place
        watched.told({"failed", "pending"}, "unschedulable", time.monotonic())
    finally:
        watched.kubectl.run("uncordon", node)
    watched.running()
