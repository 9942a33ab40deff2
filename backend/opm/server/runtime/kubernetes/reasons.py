"""What the cluster says is wrong with a pod, in words a person can act on. Pure functions of what was read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opm.server.runtime.base import Part
from opm.server.runtime.kubernetes.objects import Condition, ContainerStatus, Event, Pod, Terminated

NAMES = {
    Part.OPENCODE: "OpenCode",
    Part.FILES: "The files sidecar",
    Part.SESSION: "The session sidecar",
    Part.MODEL: "The demo model",
}
PATIENCE = timedelta(seconds=8)
"""A pod may wait so long for a place or a volume before that is a failure."""
STUCK = timedelta(seconds=45)
"""After the end of its grace, a pod that is still there needs somebody to look."""
REDEFINED = timedelta(seconds=60)
"""Between what a node says of its reason and the end of the container: the grace it had, and some more."""
LONGEST = 400

PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
CHECK_IMAGE = "Check its name, the registry and the pull secret."
START_EVENTS = frozenset({"Failed", "BackOff", "Pulled", "Created", "Started"})
VOLUME_EVENTS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
SANDBOX = "FailedCreatePodSandBox"
CLAIM_EVENTS = frozenset({"ProvisioningFailed", "FailedBinding", "ExternalProvisioning"})


def short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 2]} …"


def condition(pod: Pod, kind: str) -> Condition | None:
    return next((one for one in pod.status.conditions if one.type == kind), None)


def older(since: datetime | None, age: timedelta, now: datetime) -> bool:
    return since is not None and now - since >= age


def newest(events: Sequence[Event], reasons: frozenset[str]) -> Event | None:
    found = [event for event in events if event.reason in reasons]
    return found[-1] if found else None


def of_whole(pod: Pod) -> str | None:
    """Of a pod that has ended as a whole, which the cluster does not mend by itself."""
    status = pod.status
    if status.phase not in {"Failed", "Succeeded"}:
        return None
    if status.reason == "Evicted":
        return f"The node evicted the pod: {short(status.message)} It is made anew; the workspace is kept."
    said = short(status.message) or status.reason or f"it {status.phase.lower()}"
    return f"The pod ended ({said}). It is made anew; the workspace is kept."


def of_node(pod: Pod, now: datetime) -> str | None:
    """Its containers were well when the node was last heard of, and the cluster does not count on that any more."""
    ready = condition(pod, "Ready")
    statuses = pod.status.container_statuses
    if ready is None or ready.status == "True" or not statuses or not all(one.ready for one in statuses):
        return None
    if not older(ready.last_transition_time, timedelta(seconds=2), now):
        return None
    node = pod.spec.node_name or "of the pod"
    return f"The node {node} does not answer. The pod is usable again when it does; an operator has to look at it."


def of_place(pod: Pod, events: Sequence[Event], now: datetime) -> tuple[str, bool] | None:
    """Why it has no node, and whether that lasts."""
    placed = condition(pod, "PodScheduled")
    if placed is None or placed.status == "True" or pod.spec.node_name:
        return None
    lasting = older(placed.last_transition_time, PATIENCE, now)
    claim = newest(events, CLAIM_EVENTS)
    if claim is not None and claim.type == "Warning":
        return f"The workspace's volume cannot be made: {short(claim.message)}", lasting
    if placed.reason == "SchedulingGated":
        return "The cluster holds the pod back before it looks for a node (scheduling gate).", lasting
    return f"No node has room for the pod: {short(placed.message) or 'it was not looked for yet'}", lasting


def of_setup(pod: Pod, events: Sequence[Event], now: datetime) -> tuple[str, bool] | None:
    """Why its containers are not begun although it has a node."""
    if any(one.state.running or one.state.terminated for one in _all(pod)):
        return None
    event = newest(events, VOLUME_EVENTS | {SANDBOX})
    if event is None:
        return None
    lasting = older(pod.metadata.creation_timestamp, PATIENCE, now)
    if "Multi-Attach" in event.message:
        told = "Another node still holds the workspace's volume; this ends when the pod there is gone"
        return f"{told}: {short(event.message)}", lasting
    if event.reason == SANDBOX:
        return f"The node cannot set the pod up: {short(event.message)}", lasting
    return f"The workspace's volume cannot be attached: {short(event.message)}", lasting


def of_seed(pod: Pod) -> tuple[str, bool] | None:
    """Why the step that makes the workspace is not done."""
    for status in pod.status.init_container_statuses:
        waiting, ended = status.state.waiting, status.state.terminated or status.last_state.terminated
        if waiting is not None and waiting.reason in PULL:
            return _pull(status), True
        if waiting is not None and waiting.reason in CONFIG:
            return f"The pod cannot be started: {short(waiting.message) or waiting.reason}", True
        if ended is not None and ended.exit_code != 0:
            said = short(ended.message) or ending(ended)
            return f"The workspace could not be prepared: {said}", status.restart_count > 1
    return None


def of_container(status: ContainerStatus, part: Part, events: Sequence[Event] = ()) -> tuple[str | None, bool]:
    """Why it is not ready, or why it last died; and whether it is down beyond a quick retry."""
    name, waiting = NAMES[part], status.state.waiting
    ended = status.state.terminated or status.last_state.terminated
    if waiting is not None and waiting.reason in PULL:
        return _pull(status), True
    if waiting is not None and waiting.reason in CONFIG:
        return f"{name} cannot be started: {short(waiting.message) or waiting.reason}", True
    if not status.ready and (lacking := lacks_image(status.name, events)) is not None:
        return f"{name} cannot be started again: {short(lacking.message)} {CHECK_IMAGE}", True
    died = None
    if ended is not None:
        by_hand = was_redefined(status.name, ended, events)
        died = f"{name} was ended because somebody changed its image" if by_hand else f"{name} {ending(ended)}"
    if waiting is not None and waiting.reason == "CrashLoopBackOff":
        return f"{died or f'{name} ends again and again'}; the cluster starts it again, with growing pauses", True
    if status.ready:
        return died, False
    if died is not None:
        return f"{died}; it is being started again", False
    if status.state.running is not None:
        return f"{name} is starting", False
    return f"{name} waits to be started", False


def ending(ended: Terminated) -> str:
    if ended.reason == "OOMKilled":
        return "used more memory than it may and was killed (OOMKilled)"
    if ended.reason == "ContainerStatusUnknown":
        return "was lost with its node"
    signal = ended.signal or (ended.exit_code - 128 if 128 < ended.exit_code < 160 else 0)
    if signal:
        known = {9: " (killed)", 15: " (asked to end)", 11: " (crashed)", 6: " (aborted)"}
        return f"ended with signal {signal}{known.get(signal, '')}"
    return f"ended with code {ended.exit_code}"


def was_redefined(container: str, ended: Terminated, events: Sequence[Event]) -> bool:
    """The image of a container that runs can be changed in the cluster; its node then ends the container."""
    told = [event.seen_at for event in events if event.message.startswith(f"Container {container} definition changed")]
    end = ended.finished_at
    return end is not None and any(at is not None and abs(end - at) <= REDEFINED for at in told)


def lacks_image(container: str, events: Sequence[Event]) -> Event | None:
    """Of a container that ran before, and whose image was changed, its status does not say that."""
    own = [event for event in events if event.involved_object.field_path == f"spec.containers{{{container}}}"]
    # beside each of those that say why, there is one like "Error: ErrImagePull"
    last = newest([event for event in own if not event.message.startswith("Error: ")], START_EVENTS)
    return last if last is not None and last.type == "Warning" and "image" in last.message else None


def out_of_memory(status: ContainerStatus) -> bool:
    ended = status.state.terminated or status.last_state.terminated
    return ended is not None and ended.reason == "OOMKilled"


def of_ending(pod: Pod, now: datetime) -> str | None:
    """What is said of a pod that is being ended. The deletion time is when its grace is over."""
    end = pod.metadata.deletion_timestamp
    if older(end, STUCK, now) and end is not None:
        late = max(1, int((now - end).total_seconds()) // 60)  # minutes: each other number is told to everybody
        node = pod.spec.node_name or "its node"
        return (
            f"The pod should have ended {late} min ago. {node} may be down; an operator has to look, since ending it "
            "by force could leave two pods on one volume."
        )
    moved = condition(pod, "DisruptionTarget")
    return f"The cluster takes the pod away: {short(moved.message) or moved.reason}" if moved is not None else None


def _pull(status: ContainerStatus) -> str:
    waiting = status.state.waiting
    said = short(waiting.message) if waiting is not None else ""
    return f"The image {status.image} cannot be fetched: {said}. {CHECK_IMAGE}"


def _all(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*pod.status.init_container_statuses, *pod.status.container_statuses)
