"""Volumes as folders of the node, which is what `kind` gives its clusters: the same class, provisioner and binding.

Upstream's provisioner starts a pod with an image of its own for every folder; here the cluster's disk is at hand.
"""

import shutil
import sys
import time
from pathlib import Path

from testcluster.access import Api, Object, Refused
from testcluster.layout import Layout

PROVISIONER = "rancher.io/local-path"
CHOSEN_NODE = "volume.kubernetes.io/selected-node"
MADE_BY = "pv.kubernetes.io/provisioned-by"

CLASS: Object = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": PROVISIONER,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def serve(api: Api, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    while True:
        try:
            provide(api, folder)
            reclaim(api, folder)
        except (OSError, ValueError, Refused) as exc:
            print(f"trying again: {exc}", flush=True)
        time.sleep(0.5)


def provide(api: Api, folder: Path) -> None:
    waiting = [claim for claim in api.items("/api/v1/persistentvolumeclaims") if _is_ours(claim)]
    if not waiting:
        return
    classes = {one["metadata"]["name"]: one for one in api.items("/apis/storage.k8s.io/v1/storageclasses")}
    for claim in waiting:
        of_class = classes.get(claim["spec"].get("storageClassName") or "")
        if of_class is None or of_class["provisioner"] != PROVISIONER:
            continue
        volume = volume_for(claim, of_class, folder)
        place = Path(volume["spec"]["hostPath"]["path"])
        place.mkdir(exist_ok=True)
        place.chmod(0o777)  # pods of any user write there
        try:
            api.ask("POST", "/api/v1/persistentvolumes", volume)
        except Refused as refused:
            if refused.status != 409:  # made at the last look, not bound yet
                raise


def _is_ours(claim: Object) -> bool:
    chosen = claim["metadata"].get("annotations", {}).get(CHOSEN_NODE)
    return claim["status"].get("phase") == "Pending" and chosen is not None and "volumeName" not in claim["spec"]


def volume_for(claim: Object, of_class: Object, folder: Path) -> Object:
    about, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{about['uid']}"
    on_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [about["annotations"][CHOSEN_NODE]]}
    identity = {"kind": "PersistentVolumeClaim", "apiVersion": "v1"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {MADE_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "persistentVolumeReclaimPolicy": of_class.get("reclaimPolicy", "Delete"),
            "storageClassName": of_class["metadata"]["name"],
            "hostPath": {"path": str(folder / name), "type": "Directory"},
            "claimRef": {**identity, "namespace": about["namespace"], "name": about["name"], "uid": about["uid"]},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
        },
    }


def reclaim(api: Api, folder: Path) -> None:
    for volume in api.items("/api/v1/persistentvolumes"):
        name = volume["metadata"]["name"]
        ours = volume["metadata"].get("annotations", {}).get(MADE_BY) == PROVISIONER
        delete = volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
        if ours and delete and volume["status"].get("phase") == "Released":
            shutil.rmtree(folder / name, ignore_errors=True)
            api.ask("DELETE", f"/api/v1/persistentvolumes/{name}")


def main(state: Path, server: str) -> None:
    layout = Layout(state.parent, state)
    serve(Api(server, layout.pki), layout.volumes)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
