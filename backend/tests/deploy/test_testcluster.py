"""The harness of the test cluster, in those parts that need no cluster."""

import hashlib
import json
import os
import ssl
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from testcluster import building, oci, pki, volumes
from testcluster.access import write_kubeconfig
from testcluster.buildah import Recipe
from testcluster.layout import ClusterError, Layout
from testcluster.processes import Processes, birth


def test_programs_are_built_anew_when_a_version_changes() -> None:
    layout = Layout(Path("/cache"), Path("/state"))
    for module in building.MODULES:
        folder = building.destination(layout, module)
        assert folder.parent == Path("/cache", module.name)
        assert folder.name.startswith(building.version(module) + "-")
    kubernetes = building.MODULES[0]
    other = building.Module("kubernetes", kubernetes.version_of, kubernetes.programs, ("other={}",))
    assert building.fingerprint(other) != building.fingerprint(kubernetes)


def test_certificates_are_good_for_a_handshake(tmp_path: Path) -> None:
    pki.make(tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    for identity in pki.IDENTITIES:
        context.load_cert_chain(tmp_path / f"{identity.file}.crt", tmp_path / f"{identity.file}.key")
        assert (tmp_path / f"{identity.file}.key").stat().st_mode & 0o077 == 0
    write_kubeconfig(tmp_path / "config", "https://127.0.0.1:1", tmp_path, "admin")
    assert (tmp_path / "config").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "config").read_text())["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"


def test_a_process_is_known_by_number_and_birth_and_ends(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    started = processes.start("sleeper", [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"])
    try:
        assert processes.find("sleeper") == started
        with pytest.raises(ClusterError, match="still runs"):
            processes.start_again("sleeper")
    finally:
        processes.end([started])
    assert birth(started.pid) == ""
    assert processes.known() == []
    other = processes.adopt("other", os.getpid())
    assert not type(other)(other.name, other.pid, "1").lives(), "the number of another process is not ours to end"


def test_an_image_is_what_its_digests_say(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"content")
    archive = tmp_path / "image.tar"
    oci.write(oci.Image("local.test/one:test", {"/bin/one": program}, command=["/bin/one"], user="1"), archive)
    with tarfile.open(archive) as tar:
        held = {name: tar.extractfile(name).read() for name in tar.getnames()}  # pyright: ignore[reportOptionalMemberAccess]
    for name, blob in held.items():
        if name.startswith("blobs/"):
            assert hashlib.sha256(blob).hexdigest() == name.rpartition("/")[2]
    manifest = json.loads(held["index.json"])["manifests"][0]
    assert manifest["annotations"]["io.containerd.image.name"] == "local.test/one:test"
    config = json.loads(held[_blob(json.loads(held[_blob(manifest)])["config"])])
    assert config["config"] == {"Env": [oci.SEARCH_PATH], "Cmd": ["/bin/one"], "User": "1"}


def _blob(described: dict[str, str]) -> str:
    return "blobs/" + described["digest"].replace(":", "/")


def test_a_recipe_changes_with_what_it_reads(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    subprocess.run(["git", "init", "-q", context], check=True)
    dockerfile, read, unread = context / "Dockerfile", context / "read.sh", context / "unread"
    for path in (dockerfile, read, unread):
        path.write_text("once")
    recipe = Recipe("local.test/one:test", dockerfile, context, ("read.sh",))
    seen = [recipe.fingerprint()]
    unread.write_text("twice")
    assert recipe.fingerprint() == seen[0]
    read.chmod(0o755)
    seen.append(recipe.fingerprint())
    read.write_text("twice")
    seen.append(recipe.fingerprint())
    assert len(set(seen)) == 3


def test_a_volume_is_bound_to_its_claim_and_node() -> None:
    claim = {
        "metadata": {"name": "work", "namespace": "here", "uid": "7", "annotations": {volumes.CHOSEN_NODE: "node1"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volume = volumes.volume_for(claim, volumes.CLASS, Path("/volumes"))
    assert volume["spec"]["claimRef"]["uid"] == "7"
    assert volume["spec"]["hostPath"]["path"] == "/volumes/pvc-7"
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["node1"]
