"""What kustomize builds of each overlay: valid, restricted, pinned, and every name in it leads somewhere."""

import re
import shutil
from pathlib import Path

import kubernetes_validate
import pytest

import opm
from tests.deploy.rendering import (
    DEPLOY,
    Json,
    build,
    labels_of,
    named,
    of_kind,
    place_of,
    walk,
    workloads,
)
from tests.deploy.restricted import breaches, containers

KUBERNETES = "1.36.0"
GIVEN = {("production", "opencode-tls")}
"""Secrets that somebody else makes: the certificate of a real name."""
PINNED = re.compile(r"[a-z0-9./-]+(:(?!latest$)[\w.-]*\d[\w.-]*|@sha256:[0-9a-f]{64})")


def test_every_object_fits_its_schema_and_has_no_other_field(objects: list[Json]) -> None:
    assert len(objects) > 20
    for one in objects:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_the_strict_check_sees_a_field_that_is_none(objects: list[Json]) -> None:
    wrong = named(objects, "Deployment", "opm-controller") | {"spek": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_every_pod_is_restricted_and_so_is_its_namespace(objects: list[Json]) -> None:
    assert {place_of(one): breaches(spec) for one, spec in workloads(objects) if breaches(spec)} == {}
    for namespace in of_kind(objects, "Namespace"):
        levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
        assert levels.items() <= namespace["metadata"]["labels"].items()
    known = {one["metadata"]["name"] for one in of_kind(objects, "Namespace")}
    assert {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"} == known


def test_a_breach_is_seen() -> None:
    fine: Json = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    fine |= {"seccompProfile": {"type": "RuntimeDefault"}}
    assert breaches({"containers": [{"name": "a", "securityContext": fine}]}) == []
    for change in (
        {"allowPrivilegeEscalation": None},
        {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}},
        {"capabilities": {}},
        {"runAsUser": 0},
        {"runAsNonRoot": False},
        {"seccompProfile": {"type": "Unconfined"}},
        {"privileged": True},
    ):
        assert breaches({"containers": [{"name": "a", "securityContext": fine | change}]}), change
    pod = {"containers": [], "volumes": [{"name": "v", "hostPath": {"path": "/"}}], "hostNetwork": True}
    assert breaches(pod) == ["hostNetwork", "volume v is a hostPath"]


def test_no_pod_gets_a_token_or_the_names_of_services_unless_it_needs_them(objects: list[Json]) -> None:
    tokens = {one["metadata"]["name"] for one, spec in workloads(objects) if spec["automountServiceAccountToken"]}
    assert tokens - {"traefik"} == {"opm-controller"}
    assert [spec["enableServiceLinks"] for _, spec in workloads(objects)] == [False] * len(workloads(objects))
    assert not any(one["automountServiceAccountToken"] for one in of_kind(objects, "ServiceAccount"))


def test_every_root_is_read_only_but_that_of_keycloak(objects: list[Json]) -> None:
    writable = {
        container["name"]
        for _, spec in workloads(objects)
        for container in containers(spec)
        if not container["securityContext"].get("readOnlyRootFilesystem")
    }
    assert writable <= {"keycloak"}


def test_every_container_has_requests_and_limits(objects: list[Json]) -> None:
    wanted = {"cpu", "memory", "ephemeral-storage"}
    for _, spec in workloads(objects):
        for container in containers(spec):
            assert set(container["resources"]["requests"]) == set(container["resources"]["limits"]) == wanted


def test_every_image_is_pinned(objects: list[Json]) -> None:
    config = named(objects, "ConfigMap", "app-config")["data"]
    images = {container["image"] for _, spec in workloads(objects) for container in containers(spec)}
    images |= {value for name, value in config.items() if name.endswith("_IMAGE")}
    assert {image for image in images if not PINNED.fullmatch(image)} == set()
    ours = {image for image in images if "/opm-" in f"/{image}"}
    assert len(ours) == 3
    assert {image.rpartition(":")[2] for image in ours} == {opm.__version__}


@pytest.mark.parametrize("image", ["redis", "redis:latest", "redis:alpine", "registry.test:5000/redis"])
def test_an_image_that_moves_is_seen(image: str) -> None:
    assert not PINNED.fullmatch(image)


def test_names_of_configurations_and_secrets_lead_somewhere(overlay: str, objects: list[Json]) -> None:
    for one, spec in workloads(objects):
        namespace = one["metadata"]["namespace"]
        for reference in _references(spec):
            kind, name, key = reference
            if (overlay, name) in GIVEN:
                continue
            found = named(objects, kind, name)
            assert found["metadata"]["namespace"] == namespace
            assert key is None or key in found["data"], reference
    tls = [entry["secretName"] for one in of_kind(objects, "Ingress") for entry in one["spec"]["tls"]]
    assert tls == ["opencode-tls"]
    if (overlay, "opencode-tls") not in GIVEN:
        assert named(objects, "Secret", "opencode-tls")["type"] == "kubernetes.io/tls"


def _references(spec: Json) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    for part in walk(spec):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if field in part:
                found.append((kind, part[field]["name"], part[field]["key"]))
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in part:
                found.append((kind, part[field]["name"], None))
    for volume in spec.get("volumes", []):
        for field, kind, label in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            source = volume.get(field)
            if source is not None:
                keys = [item["key"] for item in source.get("items", [])] or [None]
                found += [(kind, source[label], key) for key in keys]
    return found + [("Secret", pull["name"], None) for pull in spec.get("imagePullSecrets", [])]


def test_mounts_volumes_and_accounts_exist(objects: list[Json]) -> None:
    for one, spec in workloads(objects):
        claims = {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in spec.get("volumes", [])} | claims
        mounted = {mount["name"] for container in containers(spec) for mount in container.get("volumeMounts", [])}
        assert mounted == volumes, place_of(one)
        if account := spec.get("serviceAccountName"):
            assert named(objects, "ServiceAccount", account)["metadata"]["namespace"] == one["metadata"]["namespace"]


def _pods(objects: list[Json], selector: dict[str, str], namespace: str) -> list[tuple[Json, Json]]:
    return [
        (one, spec)
        for one, spec in workloads(objects)
        if one["metadata"]["namespace"] == namespace and selector.items() <= labels_of(one).items()
    ]


def _ports(spec: Json) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for c in containers(spec) for port in c.get("ports", [])}


def test_selectors_select_and_ports_are_open(objects: list[Json]) -> None:
    for one, _ in workloads(objects):
        assert one["spec"]["selector"]["matchLabels"].items() <= labels_of(one).items()
    for service in of_kind(objects, "Service"):
        found = _pods(objects, service["spec"]["selector"], service["metadata"]["namespace"])
        assert len(found) == 1, place_of(service)
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(_ports(found[0][1]))
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert len(_pods(objects, budget["spec"]["selector"]["matchLabels"], budget["metadata"]["namespace"])) == 1
    for stateful in of_kind(objects, "StatefulSet"):
        named(objects, "Service", stateful["spec"]["serviceName"])
    for ingress in of_kind(objects, "Ingress"):
        for backend in (part["service"] for part in walk(ingress) if "service" in part):
            ports = named(objects, "Service", backend["name"])["spec"]["ports"]
            assert backend["port"]["name"] in {port["name"] for port in ports}
    for container in (c for _, spec in workloads(objects) for c in containers(spec)):
        probes = [container[name] for name in container if name.endswith("Probe")]
        named_ports = {part["port"] for probe in probes for part in walk(probe) if "port" in part}
        assert named_ports <= {port["name"] for port in container.get("ports", [])}


def test_the_address_people_use_is_that_of_the_certificate_and_of_the_ingress(objects: list[Json]) -> None:
    config = named(objects, "ConfigMap", "app-config")["data"]
    (ingress,) = of_kind(objects, "Ingress")
    (rule,), (tls,) = ingress["spec"]["rules"], ingress["spec"]["tls"]
    assert tls["hosts"] == [rule["host"]]
    assert config["OPM_PUBLIC_URL"] == f"https://{rule['host']}"


def test_no_value_of_a_secret_is_in_the_repository(objects: list[Json]) -> None:
    secrets = of_kind(objects, "Secret")
    assert {"app-secrets", "docker-registry"} <= {one["metadata"]["name"] for one in secrets}
    for path in (path for path in DEPLOY.rglob("*.y*ml") if "secrets" not in path.parts):
        assert not re.search(r"^kind: Secret$", path.read_text(), re.MULTILINE), path
    ignored = (DEPLOY.parent / ".gitignore").read_text().splitlines()
    assert "deploy/kustomize/overlays/*/secrets/" in ignored


def test_an_overlay_without_its_secrets_says_so(overlay: str, tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("secrets"))
    with pytest.raises(AssertionError, match=r"secrets/"):
        build(tmp_path / "deploy" / "kustomize" / "overlays" / overlay)
