"""The deployment `production`, as a real API server takes it: every object, and every pod of it.

Nothing of it is kept: `overlays/kind` is the one that is deployed and used, by `test_deployed_*`.
"""

import copy
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.kubectl import Kubectl, Object
from tests.deploy.rendering import Json, of_kind, render, workloads


@pytest.fixture
def objects(tmp_path: Path) -> list[Json]:
    return render("production", tmp_path)


@pytest.fixture
def places(kubectl: Kubectl, objects: list[Json]) -> Iterator[dict[str, str]]:
    """Its namespaces with all their labels, under names of this test's own."""
    mark = secrets.token_hex(4)
    names = {one["metadata"]["name"]: f"{one['metadata']['name']}-{mark}" for one in of_kind(objects, "Namespace")}
    try:
        for one in of_kind(objects, "Namespace"):
            metadata = {**one["metadata"], "name": names[one["metadata"]["name"]]}
            kubectl.apply({**one, "metadata": metadata})
        yield names
    finally:
        for name in names.values():
            kubectl.delete("namespace", name)


def moved(one: Json, places: dict[str, str]) -> Object:
    made = copy.deepcopy(one)
    if "namespace" in made["metadata"]:
        made["metadata"]["namespace"] = places[made["metadata"]["namespace"]]
    return made


def test_every_object_is_taken(kubectl: Kubectl, objects: list[Json], places: dict[str, str]) -> None:
    rest = [moved(one, places) for one in objects if one["kind"] != "Namespace"]
    assert {one["kind"] for one in rest} >= {"Deployment", "StatefulSet", "Ingress", "NetworkPolicy", "ResourceQuota"}
    for place in sorted({one["metadata"].get("namespace", "default") for one in rest}):
        kubectl.within(place).apply(
            *[one for one in rest if one["metadata"].get("namespace", "default") == place], dry=True
        )


def test_pod_security_lets_every_pod_in(kubectl: Kubectl, objects: list[Json], places: dict[str, str]) -> None:
    """A Deployment is taken whatever its pods are; these are refused one by one, and later."""
    assert len(workloads(objects)) >= 3
    for one, spec in workloads(objects):
        place = kubectl.within(places[one["metadata"]["namespace"]])
        metadata = {"name": one["metadata"]["name"], "namespace": place.namespace}
        place.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": alone(one, spec)}, dry=True)


def alone(one: Json, spec: Json) -> Json:
    """As it would be made of what makes it; nothing is kept, so an account of its own would not be there."""
    claims = [template["metadata"]["name"] for template in one["spec"].get("volumeClaimTemplates", [])]
    of_claims = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    return {**spec, "serviceAccountName": "default", "volumes": [*spec.get("volumes", []), *of_claims]}
