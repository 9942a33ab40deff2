"""What the cluster says of a pod, and what a person is told of it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from opm.server.runtime.base import Endpoint, Observation, Part, PodPhase
from opm.server.runtime.kubernetes import names, view
from opm.server.runtime.kubernetes.objects import Event, Pod
from opm.server.runtime.kubernetes.view import Effort
from tests.server.runtime.kubernetes.support import PROJECT

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
LONG_AGO = "2026-01-01T11:00:00Z"
JUST_NOW = "2026-01-01T11:59:59Z"
READY = {"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}
UNREADY = {"type": "Ready", "status": "False", "lastTransitionTime": LONG_AGO}


def a_container(name: str = "opencode", *, ready: bool = True, **more: Any) -> dict[str, Any]:
    state = {"running": {"startedAt": LONG_AGO}}
    return {"name": name, "ready": ready, "containerID": "containerd://a", "image": "an/image", "state": state, **more}


def a_pod(*changed: dict[str, Any], **status: Any) -> Pod:
    """A pod that runs, with some of its containers or of its status replaced."""
    containers = {name: a_container(name) for name in ("opencode", "file-browser", "session-proxy")}
    containers.update({container["name"]: container for container in changed})
    content = {
        "metadata": {
            "name": names.name_of(PROJECT),
            "uid": "u1",
            "annotations": {names.DIGEST: "one"},
            "creationTimestamp": LONG_AGO,
            "deletionTimestamp": status.pop("deletion", None),
        },
        "spec": {"nodeName": status.pop("node", "node-1")},
        "status": {
            "phase": "Running",
            "podIP": "10.1.2.3",
            "conditions": [READY],
            "containerStatuses": list(containers.values()),
            **status,
        },
    }
    return msgspec.convert(content, Pod)


def an_event(reason: str, message: str, kind: str = "Warning", container: str = "") -> Event:
    about = {"kind": "Pod", "name": names.name_of(PROJECT), "uid": "u1"}
    if container:
        about["fieldPath"] = f"spec.containers{{{container}}}"
    content = {
        "metadata": {"name": f"e-{reason}"},
        "involvedObject": about,
        "type": kind,
        "reason": reason,
        "message": message,
        "count": 3,
        "lastTimestamp": LONG_AGO,
    }
    return msgspec.convert(content, Event)


def seen(pod: Pod | None, *events: Event, effort: Effort | None = None) -> Observation:
    return view.observation(PROJECT, "pods", pod, events, effort, NOW)


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return a_container(ready=False, state={"waiting": {"reason": reason, "message": message}}, **more)


def died(code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": JUST_NOW}}


def unplaced(message: str, since: str = LONG_AGO) -> Pod:
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    condition = {**placed, "lastTransitionTime": since}
    return a_pod(phase="Pending", podIP="", node="", conditions=[condition], containerStatuses=[])


def test_a_pod_that_runs_has_an_address() -> None:
    told = seen(a_pod())
    assert (told.phase, told.reason, told.digest) == (PodPhase.RUNNING, None, "one")
    assert told.endpoint == Endpoint("http://10.1.2.3:3001", "http://10.1.2.3:3002")
    assert told.incarnation == "u1/0"
    assert told.name == names.name_of(PROJECT)


def test_an_address_of_the_new_kind_is_put_in_brackets() -> None:
    assert seen(a_pod(podIP="fd00::7")).endpoint == Endpoint("http://[fd00::7]:3001", "http://[fd00::7]:3002")


def test_what_is_not_there_is_absent_unless_it_is_being_made() -> None:
    assert seen(None).phase is PodPhase.ABSENT
    assert seen(None, effort=Effort()).phase is PodPhase.PENDING
    failing = seen(None, effort=Effort("The quota is used up.", failed=True))
    assert (failing.phase, failing.reason) == (PodPhase.FAILED, "The quota is used up.")


def test_a_pod_that_makes_way_for_another_is_not_taken_for_it() -> None:
    assert seen(a_pod(), effort=Effort()).phase is PodPhase.PENDING
    assert seen(a_pod(deletion=JUST_NOW), effort=Effort()).phase is PodPhase.PENDING
    assert seen(a_pod(deletion=JUST_NOW)).phase is PodPhase.STOPPING


PULL = "Back-off pulling image"


@pytest.mark.parametrize(
    ("pod", "events", "phase", "words"),
    [
        (unplaced("0/3 nodes are available: 3 Insufficient memory."), [], PodPhase.FAILED, "Insufficient memory"),
        (unplaced("0/3 nodes are available.", JUST_NOW), [], PodPhase.PENDING, "No node has room"),
        (
            unplaced("unbound immediate PersistentVolumeClaims"),
            [an_event("ProvisioningFailed", 'storageclass "fast" not found')],
            PodPhase.FAILED,
            'volume cannot be made: storageclass "fast" not found',
        ),
        (
            a_pod(containerStatuses=[], conditions=[UNREADY], phase="Pending"),
            [an_event("FailedAttachVolume", "Multi-Attach error for volume pvc-1")],
            PodPhase.FAILED,
            "Another node still holds",
        ),
        (
            a_pod(containerStatuses=[], conditions=[UNREADY], phase="Pending"),
            [an_event("FailedMount", "timed out waiting")],
            PodPhase.FAILED,
            "cannot be attached: timed out",
        ),
        (
            a_pod(containerStatuses=[], conditions=[UNREADY], phase="Pending"),
            [an_event("FailedCreatePodSandBox", "no network")],
            PodPhase.FAILED,
            "cannot set the pod up: no network",
        ),
        (a_pod(waiting("ImagePullBackOff", PULL), conditions=[UNREADY]), [], PodPhase.FAILED, "an/image cannot be"),
        (a_pod(waiting("ErrImagePull", "denied"), conditions=[UNREADY]), [], PodPhase.FAILED, "denied"),
        (a_pod(waiting("CreateContainerConfigError", 'secret "x" not found')), [], PodPhase.FAILED, "not found"),
        (
            a_pod(waiting("CrashLoopBackOff", lastState=died(1), restartCount=3), conditions=[UNREADY]),
            [],
            PodPhase.FAILED,
            "OpenCode ended with code 1; the cluster starts it again",
        ),
        (
            a_pod(a_container(ready=False, lastState=died(137), restartCount=1), conditions=[UNREADY]),
            [],
            PodPhase.PENDING,
            "ended with signal 9 (killed); it is being started again",
        ),
        (
            a_pod(a_container(ready=False, lastState=died(137, "OOMKilled"), restartCount=1), conditions=[UNREADY]),
            [],
            PodPhase.PENDING,
            "used more memory than it may",
        ),
        (
            a_pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory.", conditions=[]),
            [],
            PodPhase.FAILED,
            "evicted the pod: The node was low on resource: memory.",
        ),
        (a_pod(phase="Failed", reason="NodeLost", conditions=[]), [], PodPhase.FAILED, "NodeLost"),
        (a_pod(conditions=[UNREADY]), [], PodPhase.FAILED, "The node node-1 does not answer"),
        (a_pod(a_container(ready=False), conditions=[UNREADY]), [], PodPhase.PENDING, "OpenCode is starting"),
        (
            a_pod(deletion="2026-01-01T11:58:00Z"),
            [],
            PodPhase.STOPPING,
            "should have ended 2 min ago. node-1 may be down",
        ),
        (
            a_pod(deletion=JUST_NOW, conditions=[{"type": "DisruptionTarget", "status": "True", "message": "drained"}]),
            [],
            PodPhase.STOPPING,
            "takes the pod away: drained",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(pod: Pod, events: list[Event], phase: PodPhase, words: str) -> None:
    told = seen(pod, *events)
    assert (told.phase, told.endpoint) == (phase, None)
    assert words in (told.reason or "")


def test_a_workspace_that_cannot_be_prepared_says_why() -> None:
    ended = {"terminated": {"exitCode": 1, "message": "git init failed: no space"}}
    step = {"name": "seed", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended}
    told = seen(a_pod(phase="Pending", conditions=[UNREADY], initContainerStatuses=[step], containerStatuses=[]))
    assert (told.phase, told.reason) == (
        PodPhase.FAILED,
        "The workspace could not be prepared: git init failed: no space",
    )


def test_a_part_that_was_out_of_memory_says_so_also_when_it_is_back() -> None:
    told = seen(a_pod(a_container(lastState=died(137, "OOMKilled"), restartCount=2)))
    part = next(part for part in told.parts if part.part is Part.OPENCODE)
    assert told.phase is PodPhase.RUNNING
    assert (part.ready, part.out_of_memory, part.restarts) == (True, True, 2)
    assert told.incarnation == "u1/2"


def test_events_are_told_with_their_count() -> None:
    (event,) = seen(a_pod(), an_event("BackOff", "Back-off  restarting\ncontainer")).events
    assert (event.reason, event.message, event.times, event.warning) == (
        "BackOff",
        "Back-off restarting container",
        3,
        True,
    )


def test_a_part_whose_image_somebody_changed_says_so() -> None:
    changed = an_event("Killing", "Container opencode definition changed, will be restarted", "Normal")
    ended = {"terminated": {"exitCode": 143, "reason": "Error", "finishedAt": "2026-01-01T11:00:20Z"}}
    pod = a_pod(a_container(lastState=ended, restartCount=1), a_container("file-browser", lastState=ended))
    reasons = {part.part: part.reason for part in seen(pod, changed).parts}
    assert reasons[Part.OPENCODE] == "OpenCode was ended because somebody changed its image"
    assert reasons[Part.FILES] == "The files sidecar ended with signal 15 (asked to end)"
    later = {"terminated": {**ended["terminated"], "finishedAt": JUST_NOW}}
    told = seen(a_pod(a_container(lastState=later, restartCount=2)), changed)
    assert told.parts[0].reason == "OpenCode ended with signal 15 (asked to end)", "that was something else"


def test_a_part_whose_changed_image_cannot_be_had_says_so() -> None:
    down = a_pod(a_container(ready=False, state=died(143), lastState=died(143)), conditions=[UNREADY])
    pulling = an_event("BackOff", 'Back-off pulling image "local/none:none"', container="opencode")
    told = seen(down, pulling, an_event("Failed", "Error: ImagePullBackOff", container="opencode"))
    assert told.phase is PodPhase.FAILED
    assert (told.reason or "").startswith('OpenCode cannot be started again: Back-off pulling image "local/none:none"')
    mended = an_event("Pulled", "Successfully pulled image", "Normal", container="opencode")
    assert seen(down, pulling, mended).phase is PodPhase.PENDING
    other = an_event("BackOff", 'Back-off pulling image "local/none:none"', container="file-browser")
    assert seen(down, other).phase is PodPhase.PENDING
