"""Settings of pods that run on a Kubernetes cluster; everything here is the operator's, nothing a user's."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
QUANTITY = r"^[1-9][0-9]*(Mi|Gi|Ti)$"


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value))


Network = Annotated[str, AfterValidator(_network)]


class KubernetesSettings(BaseModel):
    """Pods of projects on a cluster (`runtime.kind` is `kubernetes`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str = Field(default="opencode", pattern=DNS_LABEL, description="where everything of projects lives")
    kubeconfig: Path | None = Field(
        default=None,
        description="how to reach the cluster from outside; none: the service account, else what KUBECONFIG names",
    )
    context: str | None = Field(default=None, description="of the kubeconfig; none: its current one")
    opencode_image: str = Field(
        default="opm-opencode:latest", min_length=1, description="holds opencode, git and ripgrep; pin it by digest"
    )
    sidecar_image: str = Field(
        default="opm-sidecar:latest", min_length=1, description="holds the sidecars; pin it by digest"
    )
    pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="when nodes fetch these images"
    )
    pull_secret: str | None = Field(
        default=None, description="Secret of the namespace with the credentials of a private registry"
    )
    storage_class: str | None = Field(default=None, description="of workspaces; none: the cluster's default")
    volume_size: str = Field(
        default="5Gi", pattern=QUANTITY, description="of each workspace, home of OpenCode included"
    )
    runtime_class: str | None = Field(default=None, description="e.g. of a sandbox such as gVisor; none: the default")
    user_namespaces: bool = Field(
        default=False, description="map the pod's users to unprivileged ones of the node (`hostUsers: false`)"
    )
    memory_mb: int = Field(default=3072, ge=512, description="MB for a pod that no limit of its project or ours names")
    cpus: float = Field(default=2, gt=0, description="processors for such a pod")
    request_share: float = Field(
        default=0.25, gt=0, le=1, description="of its limits that a pod is sure to get; the scheduler counts with it"
    )
    scratch_size: str = Field(
        default="2Gi", pattern=QUANTITY, description="each container's temporary files and output, on the node's disk"
    )
    network_policy: bool = Field(
        default=True, description="make a NetworkPolicy for every pod; the cluster's network has to enforce it"
    )
    internet: bool = Field(
        default=True, description="let pods reach public addresses: providers, repositories, package registries"
    )
    egress_networks: tuple[Network, ...] = Field(
        default=(), description="private networks that pods may reach, e.g. of a model provider: 10.20.0.7/32"
    )
    closed_networks: tuple[Network, ...] = Field(
        default=(), description="public networks that pods may not reach, e.g. the nodes' or the API server's"
    )
    sync_timeout: float = Field(
        default=10, gt=0, le=60, description="seconds a start waits to have seen what runs; it goes on without"
    )
    delete_timeout: float = Field(
        default=75, gt=0, description="seconds in which a pod and its volume must be gone before that is a fault"
    )
