"""What the manifests say to the programs in them: settings that exist and serve, SQL that runs, a realm that fits."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from opm.server.core.settings import Settings
from opm.server.serve import require_safe_address
from tests.absent import missing
from tests.deploy.database import INIT
from tests.deploy.rendering import DEPLOY, Json, named, render

SETTINGS_PAGE = DEPLOY.parent / "docs" / "reference" / "settings.md"
IMPLICIT = {"HOME"}


def config(objects: list[Json]) -> dict[str, str]:
    return named(objects, "ConfigMap", "app-config")["data"]


def test_every_setting_exists(objects: list[Json]) -> None:
    """A name that is mistyped would be ignored."""
    known = set(re.findall(r"`(OPM_[A-Z0-9_]+)`", SETTINGS_PAGE.read_text()))
    if "OPM_KUBERNETES__NAMESPACE" not in known:
        missing("settings of the deployment", "this version has no runtime for Kubernetes")
    assert set(config(objects)) - IMPLICIT - known == set()


def test_the_controller_would_start_with_them(objects: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    if "OPM_KUBERNETES__NAMESPACE" not in SETTINGS_PAGE.read_text():
        missing("settings of the deployment", "this version has no runtime for Kubernetes")
    for name in [name for name in os.environ if name.startswith("OPM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPM_CONFIG_FILE", "/nowhere/opm.toml")
    for name, value in config(objects).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    require_safe_address(settings)
    assert settings.https
    assert (settings.port, str(settings.data_dir)) == (8400, "/var/lib/opm")
    (container,) = named(objects, "Deployment", "opm-controller")["spec"]["template"]["spec"]["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(settings.data_dir), str(settings.key_file.parent)} <= mounts


def test_a_drain_fits_into_the_grace_period(objects: list[Json]) -> None:
    pod = named(objects, "Deployment", "opm-controller")["spec"]["template"]["spec"]
    assert int(config(objects)["OPM_DRAIN_SECONDS"]) + 30 < pod["terminationGracePeriodSeconds"]


def test_a_rollout_never_has_fewer_than_all(objects: list[Json]) -> None:
    spec = named(objects, "Deployment", "opm-controller")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert named(objects, "PodDisruptionBudget", "opm-controller")["spec"]["minAvailable"] == 1


def test_the_script_is_the_one_that_is_mounted(objects: list[Json]) -> None:
    assert named(objects, "ConfigMap", "postgres-init")["data"] == {INIT.name: INIT.read_text()}


def test_the_realm_is_fitted_to_the_cluster(tmp_path: Path) -> None:
    """By the very words of the init container, on the very file."""
    objects = render("kind", tmp_path)
    pod = named(objects, "StatefulSet", "keycloak")["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    (tmp_path / "realm.json").write_text(named(objects, "ConfigMap", "keycloak-realm")["data"]["opm-realm.json"])
    places = {"/realm/opm-realm.json": "realm.json", "w /import/opm-realm.json": "w fitted.json"}
    given: list[str] = container["command"] + container["args"]
    words = [places.get(word, word) for word in given]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    text = (tmp_path / "fitted.json").read_text()
    clients = {client["clientId"]: client for client in json.loads(text)["clients"]}
    assert "127.0.0.1" not in text
    public = config(objects)["OPM_PUBLIC_URL"]
    assert clients["opm"]["redirectUris"] == [f"{public}/auth/callback"]
    logout = clients["opm"]["attributes"]["backchannel.logout.url"]
    assert logout == "http://opm-controller:8400/api/auth/oidc/backchannel-logout"
    assert "opm-controller" in json.loads(config(objects)["OPM_ALLOWED_HOSTS"])
    assert clients["opm"]["secret"] == "${OPM_CLIENT_SECRET}"
    assert "secret" not in clients["opm-public"]
