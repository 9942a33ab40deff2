"""Where things lie, on the disk and on the network."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLONE = HERE.parent.parent

NODE = "node1"
DOMAIN = "cluster.local"

MACHINE_LINK, NODE_LINK = "opmtc0", "opmtc1"
"""The two ends of the wire between the machine and the cluster."""
MACHINE_ADDRESS, NODE_ADDRESS = "10.213.0.1", "10.213.0.2"
SERVICES, API_SERVICE, DNS_SERVICE = "10.96.0.0/16", "10.96.0.1", "10.96.0.10"
"""As `kind` has them: one of its addresses is written down in the deployment."""
PODS = "10.215.0.0/24"
METADATA, OUTSIDE = "169.254.169.254", "198.51.100.1"
"""Stand-ins for a cloud's metadata service and for the internet, so that policies about them have what to refuse."""


class ClusterError(Exception):
    """The harness cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Layout:
    """`cache` holds what is worth keeping between clusters, `state` one cluster."""

    cache: Path
    state: Path

    @classmethod
    def read(cls, environ: Mapping[str, str], state: Path | None = None) -> "Layout":
        cache = Path(environ.get("OPM_TEST_CACHE") or Path.home() / ".cache" / "opm-tests").resolve()
        return cls(cache, (state or cache / "cluster").resolve())

    @property
    def cgroup(self) -> str:
        """The group that all of its containers are in, of no other cluster of this machine."""
        return f"opm-testcluster-{hashlib.sha256(str(self.state).encode()).hexdigest()[:8]}"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_of("admin")

    @property
    def containerd_socket(self) -> Path:
        return self.state / "containerd.sock"

    @property
    def volumes(self) -> Path:
        return self.state / "volumes"

    def kubeconfig_of(self, who: str) -> Path:
        return self.state / f"{who}.kubeconfig"


def here() -> Layout:
    """Of this machine's user; ``OPM_TEST_CACHE`` moves it."""
    return Layout.read(os.environ)
