"""The one node: containerd, kubelet, kube-proxy, and kube-router for nothing but network policies."""

import json
import shutil
from pathlib import Path
from typing import Any

from testcluster.access import Api
from testcluster.building import program_folders
from testcluster.layout import (
    DNS_SERVICE,
    DOMAIN,
    NODE,
    NODE_ADDRESS,
    PODS,
    SERVICES,
    ClusterError,
    Layout,
)
from testcluster.processes import Processes, wait_until

CNI_PLUGINS = Path("/usr/lib/cni")
MOST_PODS = 200
MOST_PROCESSES = 1024
"""Of one pod, threads included: what takes more harms itself alone."""


def start_containerd(layout: Layout, processes: Processes, inside: int) -> None:
    programs = program_folders(layout)["containerd"]
    (layout.state / "cni").mkdir(exist_ok=True)
    (layout.state / "cni" / "10-bridge.conflist").write_text(json.dumps(network(layout)))
    config = layout.state / "containerd.toml"
    config.write_text(containerd_config(layout, needed("runc", "runc")))
    path = f"PATH={programs}:/usr/sbin:/usr/bin:/sbin:/bin"  # where it looks for its shim
    processes.start("containerd", ["env", path, programs / "containerd", "--config", config], inside=inside)
    wait_until(layout.containerd_socket.exists, 30, f"containerd did not start; see {processes.log_of('containerd')}")


def start_kubelet(layout: Layout, processes: Processes, inside: int, api: Api) -> None:
    programs = program_folders(layout)["kubernetes"]
    config = layout.state / "kubelet.json"
    config.write_text(json.dumps(kubelet_config(layout), indent=1))
    (layout.state / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    command = [programs / "kubelet", f"--config={config}", f"--kubeconfig={layout.kubeconfig_of('kubelet')}"]
    identity = [f"--hostname-override={NODE}", f"--node-ip={NODE_ADDRESS}"]
    folders = [f"--root-dir={layout.state}/kubelet", f"--cert-dir={layout.state}/kubelet/pki"]
    processes.start("kubelet", [*command, *identity, *folders], inside=inside)
    wait_until(lambda: _ready(api), 90, f"the node is not ready; see {processes.log_of('kubelet')}", pause=0.25)


def start_network(layout: Layout, processes: Processes, inside: int) -> None:
    programs = program_folders(layout)
    proxy = [
        f"--kubeconfig={layout.kubeconfig_of('proxy')}",
        *(f"--hostname-override={NODE}", "--proxy-mode=nftables", f"--cluster-cidr={PODS}"),
        # The machine's own limits stay as they are.
        *("--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0"),
        "--conntrack-tcp-timeout-close-wait=0",
    ]
    processes.start("proxy", [programs["kubernetes"] / "kube-proxy", *proxy], inside=inside)
    policies = [
        *("--run-router=false", "--run-service-proxy=false", "--run-firewall=true", "--run-loadbalancer=false"),
        *(f"--kubeconfig={layout.kubeconfig}", f"--hostname-override={NODE}"),
        *(f"--service-cluster-ip-range={SERVICES}", "--health-port=0", "--iptables-sync-period=30s"),
    ]
    processes.start("policies", [programs["addons"] / "kube-router", *policies], inside=inside)


def _ready(api: Api) -> bool:
    nodes = api.items("/api/v1/nodes")
    conditions = [condition for node in nodes for condition in node["status"].get("conditions", [])]
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def needed(program: str, package: str) -> str:
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise ClusterError(f"{program} is missing; on Debian: apt install {package}")
    return found


def network(layout: Layout) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "dataDir": f"{layout.state}/addresses",
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": addresses,
    }
    return {
        "cniVersion": "1.0.0",
        "name": "testcluster",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }


def containerd_config(layout: Layout, runc: str) -> str:
    images, runtime = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
    return f"""\
version = 3
root = "{layout.state}/containerd/root"
state = "{layout.state}/containerd/state"
[grpc]
  address = "{layout.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{layout.state}/opt"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."{images}"]
  snapshotter = "overlayfs"
[plugins."{images}".pinned_images]
  sandbox = "local.test/pause:test"
[plugins."{runtime}"]
  restrict_oom_score_adj = true  # root may lack CAP_SYS_RESOURCE
  disable_apparmor = true
  enable_selinux = false
[plugins."{runtime}".containerd]
  default_runtime_name = "runc"
[plugins."{runtime}".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."{runtime}".containerd.runtimes.runc.options]
  BinaryName = "{runc}"
  SystemdCgroup = false
[plugins."{runtime}".cni]
  bin_dirs = ["{CNI_PLUGINS}"]
  conf_dir = "{layout.state}/cni"
"""


def kubelet_config(layout: Layout) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{layout.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{layout.pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{layout.pki}/kubelet.key",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDomain": DOMAIN,
        "clusterDNS": [DNS_SERVICE],
        "resolvConf": f"{layout.state}/resolv.conf",
        "podLogsDir": f"{layout.state}/pods",
        "volumePluginDir": f"{layout.state}/plugins",
        "maxPods": MOST_PODS,
        "podPidsLimit": MOST_PROCESSES,
        "nodeStatusUpdateFrequency": "4s",
        "syncFrequency": "5s",
        # A full disk of the developer is not the test's business; images are loaded, never pulled, so none may go.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "shutdownGracePeriod": "0s",
    }
