"""A cluster from nothing to ready, and back to nothing."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from testcluster import control, dns, isolation, node, oci, volumes
from testcluster.access import Api, Object
from testcluster.building import Say, program_folders
from testcluster.layout import CLONE, ClusterError, Layout
from testcluster.processes import Processes, entering, wait_until

PATHS = {
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
}
NEEDED = {
    "etcd": "etcd-server",
    "runc": "runc",
    "iptables": "iptables",
    "ipset": "ipset",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
}


class Cluster:
    def __init__(self, layout: Layout, say: Say) -> None:
        self._layout = layout
        self._say = say
        self.processes = Processes(layout.state)

    def up_alone(self) -> None:
        self._begin()
        control.start(self._layout, self.processes, control.alone())
        self._say("the control plane is up")

    def up(self) -> None:
        if os.geteuid() != 0:
            raise ClusterError("a cluster with a node needs root; without it: up --control-plane-only")
        missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
        if not (node.CNI_PLUGINS / "bridge").exists():
            missing.append("containernetworking-plugins")
        if missing:
            raise ClusterError(f"programs are missing; on Debian: apt install {' '.join(missing)}")
        began = time.monotonic()
        self._begin()
        inside = isolation.make(self._layout, self.processes).pid
        api = control.start(self._layout, self.processes, control.whole(inside))
        self._say(f"the control plane is up after {time.monotonic() - began:.0f} s")
        node.start_containerd(self._layout, self.processes, inside)
        self._load_own_images()
        node.start_kubelet(self._layout, self.processes, inside, api)
        self._say(f"the node is ready after {time.monotonic() - began:.0f} s")
        node.start_network(self._layout, self.processes, inside)
        self._start_volumes(api)
        self._start_outside()
        for wanted in dns.objects():
            ensure(api, wanted)
        self._wait_for_dns(api)
        self._say(f"DNS answers after {time.monotonic() - began:.0f} s")

    def _begin(self) -> None:
        self.down()  # remains of one that was not ended properly
        self._layout.state.mkdir(parents=True, mode=0o700)

    def _load_own_images(self) -> None:
        programs = program_folders(self._layout)["addons"]
        for name, program in (("local.test/pause:test", "pause"), (dns.IMAGE, "coredns")):
            archive = self._layout.state / f"{program}.tar"
            files = {f"/{program}": programs / program}
            oci.write(oci.Image(name, files, command=[f"/{program}"], user="65534"), archive)
            self.load(archive)

    def _start_volumes(self, api: Api) -> None:
        ensure(api, volumes.CLASS)
        server = control.whole(0).server
        command = ["env", f"PYTHONPATH={CLONE / 'deploy'}", sys.executable, "-P", "-m", "testcluster.volumes"]
        self.processes.start("volumes", [*command, self._layout.state, server], inside=self._first())

    def _start_outside(self) -> None:
        """Answers on port 80 of the addresses that stand in for what lies outside."""
        folder = self._layout.state / "outside"
        folder.mkdir()
        (folder / "index.html").write_text("outside\n")
        command = [sys.executable, "-P", "-m", "http.server", "80", "--directory", folder]
        self.processes.start("outside", command, inside=self._first())

    def _wait_for_dns(self, api: Api) -> None:
        def ready() -> bool:
            deployment = api.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")
            return deployment["status"].get("readyReplicas", 0) > 0

        wait_until(ready, 60, "CoreDNS does not become ready", pause=0.25)

    def load(self, archive: Path) -> None:
        """An OCI or Docker archive, under the names that stand in it."""
        self._images("import", "--local", str(archive))

    def call_also(self, name: str, others: Sequence[str]) -> None:
        """Give a loaded image more names."""
        if others:
            self._images("tag", "--force", name, *others)

    def _images(self, *words: str) -> None:
        ctr = program_folders(self._layout)["containerd"] / "ctr"
        there = [str(ctr), "--address", str(self._layout.containerd_socket), "--namespace", "k8s.io"]
        command = [*entering(self._first()), *there, "images", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(f"`ctr images {' '.join(words)}` failed: {done.stderr.strip()[-500:]}")

    def load_once(self, archive: Path) -> bool:
        """False when that is what the cluster has under this name already. An archive is `NAME-FINGERPRINT.tar`."""
        mark = self._layout.state / "loaded" / archive.stem.rpartition("-")[0]
        mark.parent.mkdir(exist_ok=True)
        if mark.exists() and mark.read_text() == archive.name:
            return False
        self.load(archive)
        mark.write_text(archive.name)
        return True

    def _first(self) -> int:
        first = self.processes.find(isolation.FIRST)
        if first is None:
            raise ClusterError("no cluster is up; `make cluster-up` starts one")
        return first.pid

    def is_up(self) -> bool:
        return self.processes.find("apiserver") is not None

    def fail(self) -> Path:
        """Where the logs are now: all else is gone."""
        kept = self._layout.cache / "cluster-failed"
        shutil.rmtree(kept, ignore_errors=True)
        if self._layout.logs.is_dir():
            shutil.copytree(self._layout.logs, kept)
        self.down()
        return kept

    def down(self) -> None:
        """Ends everything and keeps nothing; also what an interrupted start left."""
        recorded = self.processes.known()
        first = [process for process in recorded if process.name == isolation.FIRST]
        self.processes.end(first, patience=0)  # takes along all that live in its namespaces
        self.processes.end(recorded)
        if first:
            isolation.remove_cgroups(self._layout)
        # Ten times as fast as shutil with the hundred thousand files of unpacked images.
        if subprocess.run(["rm", "-rf", "--one-file-system", self._layout.state], check=False).returncode:
            raise ClusterError(f"{self._layout.state} could not be removed")


def ensure(api: Api, wanted: Object) -> None:
    about = wanted["metadata"]
    collection = PATHS[wanted["kind"]].format(about.get("namespace", ""))
    query = "?fieldManager=testcluster&force=true"
    api.ask("PATCH", f"{collection}/{about['name']}{query}", wanted)
