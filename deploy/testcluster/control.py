"""etcd, API server, controller manager and scheduler: alone on loopback, or in the namespaces of a whole cluster."""

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from testcluster import access, pki
from testcluster.building import program_folders
from testcluster.layout import NODE_ADDRESS, PODS, SERVICES, ClusterError, Layout
from testcluster.processes import Processes, wait_until

Words = list[str | Path]


@dataclass(frozen=True)
class Plan:
    """`inside` is the process whose namespaces all of them enter; None leaves them on the machine."""

    host: str
    ports: tuple[int, int, int, int, int]
    """API server, etcd for clients and peers, controller manager, scheduler."""
    inside: int | None = None

    @property
    def server(self) -> str:
        return f"https://{self.host}:{self.ports[0]}"


def alone() -> Plan:
    return Plan("127.0.0.1", _free_ports())


def whole(inside: int) -> Plan:
    return Plan(NODE_ADDRESS, (6443, 2379, 2380, 10257, 10259), inside)


def _free_ports() -> tuple[int, int, int, int, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    one, two, three, four, five = (opened.getsockname()[1] for opened in sockets)
    for opened in sockets:
        opened.close()
    return one, two, three, four, five


def start(layout: Layout, processes: Processes, plan: Plan) -> access.Api:
    """Returns once service accounts are issued, which is the last thing a pod waits for."""
    pki.make(layout.pki)
    for who in ("admin", "controller-manager", "scheduler", "kubelet", "proxy"):
        access.write_kubeconfig(layout.kubeconfig_of(who), plan.server, layout.pki, who)
    programs = program_folders(layout)["kubernetes"]
    api = access.Api(plan.server, layout.pki)
    processes.start("etcd", etcd(layout, plan), inside=plan.inside)
    processes.start("apiserver", [programs / "kube-apiserver", *api_server(layout, plan)], inside=plan.inside)
    wait_until(lambda: _answers(api, "/readyz"), 180, f"the API server does not answer; see {layout.logs}")
    manager, scheduler = controller_manager(layout, plan), scheduling(layout, plan)
    processes.start("controller-manager", [programs / "kube-controller-manager", *manager], inside=plan.inside)
    processes.start("scheduler", [programs / "kube-scheduler", *scheduler], inside=plan.inside)
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    wait_until(lambda: _answers(api, account), 120, f"no service account comes; see {layout.logs}")
    return api


def _answers(api: access.Api, path: str) -> bool:
    try:
        api.raw("GET", path)
    except (OSError, access.Refused):
        return False
    return True


def etcd(layout: Layout, plan: Plan) -> Words:
    program = shutil.which("etcd")
    if program is None:
        raise ClusterError("etcd is missing; on Debian: apt install etcd-server")
    data = layout.state / "etcd"
    data.mkdir(mode=0o700, exist_ok=True)
    clients, peers = (f"http://127.0.0.1:{port}" for port in plan.ports[1:3])
    return [
        *(program, "--name", "one", "--data-dir", data, "--log-level", "warn"),
        *("--listen-client-urls", clients, "--advertise-client-urls", clients),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"one={peers}"),
        "--unsafe-no-fsync",  # its data dies with the cluster anyway
    ]


def api_server(layout: Layout, plan: Plan) -> Words:
    keys = layout.pki
    where = ["--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"]
    if plan.inside is not None:
        where = ["--bind-address=0.0.0.0", f"--advertise-address={plan.host}"]
    return [
        *where,
        f"--secure-port={plan.ports[0]}",
        f"--etcd-servers=http://127.0.0.1:{plan.ports[1]}",
        f"--client-ca-file={keys}/ca.crt",
        f"--tls-cert-file={keys}/apiserver.crt",
        f"--tls-private-key-file={keys}/apiserver.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys}/sa.pub",
        f"--service-account-signing-key-file={keys}/sa.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",  # PodSecurity, quotas and limits are on by themselves
        "--allow-privileged=true",
        f"--kubelet-certificate-authority={keys}/ca.crt",
        f"--kubelet-client-certificate={keys}/apiserver-kubelet.crt",
        f"--kubelet-client-key={keys}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={SERVICES}",
        f"--cert-dir={layout.state}/apiserver",
    ]


def controller_manager(layout: Layout, plan: Plan) -> Words:
    return [
        *_client_of("controller-manager", layout),
        f"--secure-port={plan.ports[3]}",
        "--use-service-account-credentials=true",
        f"--root-ca-file={layout.pki}/ca.crt",
        f"--service-account-private-key-file={layout.pki}/sa.key",
        *("--allocate-node-cidrs=true", f"--cluster-cidr={PODS}", "--node-cidr-mask-size=24"),
        f"--service-cluster-ip-range={SERVICES}",
        # A lost node is noticed within the half minute that tests can wait for.
        *("--node-monitor-grace-period=16s", "--node-monitor-period=2s"),
    ]


def scheduling(layout: Layout, plan: Plan) -> Words:
    return [*_client_of("scheduler", layout), f"--secure-port={plan.ports[4]}"]


def _client_of(who: str, layout: Layout) -> Words:
    mine = layout.kubeconfig_of(who)
    return [
        *(f"--kubeconfig={mine}", f"--authentication-kubeconfig={mine}", f"--authorization-kubeconfig={mine}"),
        *("--bind-address=127.0.0.1", "--leader-elect=false", f"--cert-dir={layout.state}/{who}"),
    ]
