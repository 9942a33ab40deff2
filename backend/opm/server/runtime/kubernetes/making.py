"""Having one pod as it is wished for. Every step may be repeated and may be done by several controllers at once.

The pod's name is fixed, so there are never two on one volume; what is deleted is named by its uid, so a controller
that slept cannot take away what was made since.
"""

import asyncio
from dataclasses import dataclass

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.kubernetes import manifests, names
from opm.server.runtime.kubernetes.api import CLAIMS, CONFIG_MAPS, PODS, POLICIES, SECRETS, Api, ApiError
from opm.server.runtime.kubernetes.manifests import Plan
from opm.server.runtime.kubernetes.objects import Claim, Pod, decode
from opm.server.runtime.kubernetes.reasons import CONFIG, short
from opm.server.runtime.kubernetes.store import Store
from opm.server.runtime.kubernetes.view import whole

LOOK, LONGEST_LOOK = 0.2, 2.0
TRIES = 3
BEFORE = frozenset({"ContainerCreating", "PodInitializing"})
"""What a container waits for that was not even tried yet."""


def fits(plan: Plan, pod: Pod) -> bool:
    """Whether it is what was asked for, or near enough to be left alone while somebody may be at work in it."""
    said = pod.metadata.annotations
    if pod.metadata.deletion_timestamp is not None or ended(pod):
        return False
    if said.get(names.DIGEST) != plan.spec.digest or said.get(names.DOORS) != manifests.doors(plan):
        return False
    return said.get(names.TEMPLATE) == manifests.template(plan) or (whole(pod) and not plan.spec.renew)


def ended(pod: Pod) -> bool:
    """As a whole, for good: evicted, or lost with its node."""
    return pod.status.phase in {"Failed", "Succeeded"}


def lacks_config(pod: Pod) -> bool:
    """It looks for its configuration or secret, which somebody who stopped it took away meanwhile."""
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    reasons = {status.state.waiting.reason for status in statuses if status.state.waiting is not None}
    begun = any(status.state.running or status.state.terminated for status in statuses)
    return bool(reasons & CONFIG) or (not begun and bool(pod.spec.node_name) and reasons <= BEFORE)


@dataclass(frozen=True, slots=True)
class Workshop:
    api: Api
    store: Store
    patience: float
    """Seconds an object may take to be gone."""

    async def make(self, plan: Plan) -> None:
        """Returns when the pod that is wished for was taken by the cluster."""
        pod = await self.pod(plan.name)
        if pod is not None and fits(plan, pod):
            if lacks_config(pod):
                await self._furnish(plan, await self._claim(plan))
            return
        if pod is not None:
            await self.end(pod)
            await self.until_gone(pod)
        await self._furnish(plan, await self._claim(plan))
        try:
            made = await self.api.create(PODS, manifests.pod(plan, await self._claim(plan)))
        except ApiError as exc:
            if exc.reason != "AlreadyExists":
                raise
            # another controller was quicker; whether that pod is the one that is wished for, the next look tells
            seen = await self.pod(plan.name)
            if seen is not None and not fits(plan, seen):
                raise RuntimeFault("The pod is being made by another controller.") from exc
            return
        self.store.pods.learn(decode(made, Pod))

    async def pod(self, name: str) -> Pod | None:
        """As the cluster has it now."""
        body = await self.api.get(PODS, name)
        return None if body is None else decode(body, Pod)

    async def end(self, pod: Pod) -> None:
        """Gracefully, and this one only."""
        for _ in range(TRIES):
            if pod.metadata.deletion_timestamp is None:
                await self.api.delete(PODS, pod.metadata.name, uid=pod.metadata.uid)
            seen = await self.pod(pod.metadata.name)
            if seen is None or seen.metadata.uid != pod.metadata.uid:
                self.store.pods.drop(pod)
                return
            self.store.pods.learn(seen)
            if seen.metadata.deletion_timestamp is not None:
                return
            await asyncio.sleep(LOOK)
        raise RuntimeFault("The cluster did not take the end of the pod; it is tried again.")

    async def until_gone(self, pod: Pod) -> None:
        pause = LOOK
        try:
            async with asyncio.timeout(self.patience):
                while True:
                    seen = await self.pod(pod.metadata.name)
                    if seen is None or seen.metadata.uid != pod.metadata.uid:
                        break
                    await asyncio.sleep(pause)
                    pause = min(LONGEST_LOOK, pause * 1.5)
        except TimeoutError:
            node = pod.spec.node_name or "its node"
            raise RuntimeFault(
                f"The pod is still there {self.patience:.0f} s after it was asked to end; {node} may be down. An "
                "operator has to look: it is never ended by force, which could leave two pods on one volume."
            ) from None
        self.store.pods.drop(pod)

    async def strip(self, name: str) -> None:
        """Take away what only a pod needs, secrets first."""
        await self.api.delete(SECRETS, name)
        await self.api.delete(CONFIG_MAPS, name)

    async def clear(self, name: str) -> None:
        """End the pod and then everything else of the project; returns when nothing is left."""
        pod = await self.pod(name)
        if pod is not None:
            await self.end(pod)
            await self.until_gone(pod)
        await self.strip(name)
        await self._end_claim(name)
        await self.api.delete(POLICIES, name)

    async def _end_claim(self, name: str) -> None:
        pause = LOOK
        try:
            async with asyncio.timeout(self.patience):
                while (body := await self.api.get(CLAIMS, name)) is not None:
                    claim: Claim = decode(body, Claim)
                    if claim.metadata.deletion_timestamp is None:
                        await self.api.delete(CLAIMS, name, uid=claim.metadata.uid)
                    await asyncio.sleep(pause)
                    pause = min(LONGEST_LOOK, pause * 1.5)
        except TimeoutError:
            raise RuntimeFault(
                f"The workspace's volume is still there {self.patience:.0f} s after it was deleted; something holds "
                f"the claim {name}. An operator has to look at it."
            ) from None

    async def _claim(self, plan: Plan) -> str:
        """Its uid, by which the other objects hang on it."""
        body = await self.api.get(CLAIMS, plan.name)
        if body is None:
            try:
                body = await self.api.create(CLAIMS, manifests.claim(plan))
            except ApiError as exc:
                if exc.reason != "AlreadyExists":
                    raise
                body = await self.api.get(CLAIMS, plan.name)
        claim: Claim | None = decode(body, Claim) if body is not None else None
        if claim is None or claim.metadata.deletion_timestamp is not None:
            raise RuntimeFault("The workspace's volume is being deleted; a new one is made when it is gone.")
        self.store.claims.learn(claim)
        return claim.metadata.uid

    async def _furnish(self, plan: Plan, owner: str) -> None:
        # rules first: no moment without them
        if plan.settings.network_policy:
            await self.api.apply(POLICIES, manifests.network_policy(plan, owner))
        await self.api.apply(CONFIG_MAPS, manifests.config_map(plan, owner))
        await self.api.apply(SECRETS, manifests.secret(plan, owner))


def words(exc: RuntimeFault) -> str:
    """What a person can do about it, where that is known."""
    if not isinstance(exc, ApiError):
        return exc.message
    said = short(exc.said)
    if exc.code == 403 and "exceeded quota" in exc.said:
        return f"The quota of the namespace is used up: {said} Stop another pod, or ask an operator for more."
    if exc.code == 403 and "PodSecurity" in exc.said:
        return f"The cluster's security standard refuses the pod: {said}"
    if exc.code == 403:
        return f"The controller may not do this on the cluster: {said} Its Role lacks it; `opm doctor` tells more."
    if exc.code == 422:
        return f"The cluster refuses what was asked for: {said} Look at the OPM_KUBERNETES settings."
    return exc.message
