"""All of the overlay `test` on a cluster, an identity provider beside it, and people who ask it through the Service.

Nothing is put where something is: a namespace of that name is somebody's.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
import yaml
from click.testing import CliRunner

from opm.cli import main
from opm.server.runtime.kubernetes.names import PROJECT, name_of
from tests.absent import missing
from tests.cluster.doors import pin_of, tls_door
from tests.cluster.kubectl import Kubectl, Refusal
from tests.e2e.served import Client
from tests.identity.keycloak import Keycloak, running_keycloak
from tests.identity.roads import Roads

KUSTOMIZE = Path(__file__).resolve().parents[3] / "deploy" / "kustomize"
OVERLAY = Path("overlays") / "test"
NAMESPACE = "opencode"
CONTROLLER = "deployment/opm-controller"
URL = "https://opencode.local"
PROVIDER_PORT = 8443
PROVIDER = f"https://keycloak.opencode.local:{PROVIDER_PORT}"
OURS = "pods,persistentvolumeclaims,configmaps,secrets,networkpolicies"
READY_SECONDS = 300.0
"""Of a start with everything new, on a machine that does other things, too."""


@dataclass(frozen=True)
class Deployment:
    kubectl: Kubectl
    keycloak: Keycloak
    service: str
    """Address of the Service `opm-controller`."""
    secrets: Path

    @property
    def inside(self) -> tuple[str, int]:
        return self.service, 8400

    def http(self, **options: Any) -> httpx.Client:
        roads = Roads({URL: "http://{}:{}".format(*self.inside)})
        return httpx.Client(base_url=f"{URL}/api", transport=roads, timeout=30, **options)

    def sign_in(self, user: str) -> str:
        """By the code flow, as a program does it; returns a personal access token."""
        with self.http(headers={"X-OPM-Client": "api"}) as http:
            begun = http.post("/auth/oidc/login", json={"next": "/"}).raise_for_status().json()
            back = self.keycloak.browse(begun["authorization_url"], user, self.keycloak.users[user])
            query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
            said = http.post(
                "/auth/oidc/callback", json={name: query[name] for name in ("code", "state", "iss") if name in query}
            )
            assert said.is_success, said.text
            http.headers["Authorization"] = f"Bearer {said.json()['access_token']}"
            http.cookies.clear()
            made = http.post("/auth/tokens", json={"name": "tests", "scope": "write"})
            assert made.is_success, made.text
            return made.json()["secret"]

    def left_of(self, project_id: str) -> list[str]:
        """Whatever the cluster still holds of a project."""
        return self.kubectl.run("get", OURS, "-l", f"{PROJECT}={project_id}", "-o", "name").split()

    def pod_of(self, project_id: str) -> str:
        return name_of(UUID(project_id))

    def rolled_out(self, seconds: float = READY_SECONDS) -> None:
        words = ("rollout", "status", CONTROLLER, f"--timeout={seconds:.0f}s")
        try:
            self.kubectl.run(*words, limit=seconds + 30)
        except Refusal as refusal:
            raise AssertionError(f"{refusal}\n{described(self.kubectl)}") from refusal


@dataclass(frozen=True)
class User:
    """Somebody with a token."""

    deployment: Deployment
    token: str

    def client(self) -> Client:
        return Client(self.deployment.http(headers={"Authorization": f"Bearer {self.token}"}))


@contextlib.contextmanager
def deployed(kubectl: Kubectl) -> Iterator[Deployment]:
    if NAMESPACE in {one["metadata"]["name"] for one in kubectl.items("namespaces")}:
        pytest.fail(f"there is a namespace {NAMESPACE} already: kubectl delete namespace {NAMESPACE}, if it is yours")
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="opm-deployed-")))
        (folder / "keycloak").mkdir()
        keycloak = held.enter_context(running_keycloak(folder / "keycloak", PROVIDER))
        keycloak.allow(URL)
        overlay = furnish(folder, keycloak)
        machine = _machine(overlay)
        inside = httpx.URL(keycloak.address)
        try:
            held.enter_context(tls_door(machine, (inside.host, inside.port or 80), overlay / "secrets"))
        except OSError as exc:
            missing("the deployed controllers", f"no identity provider can listen at {machine}, which pods see: {exc}")
        held.callback(_remove, kubectl)
        within = kubectl.within(NAMESPACE)
        within.run("apply", "--server-side", "-k", str(overlay), limit=120)
        service = within.get("service", "opm-controller")["spec"]["clusterIP"]
        made = Deployment(within, keycloak, service, overlay / "secrets")
        made.rolled_out()
        yield made


def furnish(folder: Path, keycloak: Keycloak) -> Path:
    """A copy of the overlay with secrets of its own."""
    copy = folder / "kustomize"
    shutil.copytree(KUSTOMIZE, copy, ignore=shutil.ignore_patterns("secrets"))
    secret = folder / "oidc-secret"
    secret.touch(mode=0o600)
    secret.write_text(str(keycloak.client.secret))
    names = ("--tls", "opencode.local", "--tls", "keycloak.opencode.local")
    words = ("deploy", "secrets", str(copy / OVERLAY / "secrets"), "--oidc-secret", str(secret), *names)
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0, said.output
    return copy / OVERLAY


def _machine(overlay: Path) -> tuple[str, int]:
    """Where the overlay tells controllers that the provider is."""
    patch = yaml.safe_load((overlay / "controller.yaml").read_text())
    return patch["spec"]["template"]["spec"]["hostAliases"][0]["ip"], PROVIDER_PORT


def _remove(kubectl: Kubectl) -> None:
    kubectl.run("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=240s", limit=260)


def described(kubectl: Kubectl) -> str:
    """What there is to see of controllers that do not come up."""
    words = [kubectl.run("get", "pods,pvc", "-o", "wide")]
    words.append(kubectl.run("get", "events", "--field-selector=type=Warning", "-o", "custom-columns=M:.message"))
    for container in ("migrate", "controller"):
        with contextlib.suppress(Refusal):
            words.append(kubectl.run("logs", CONTROLLER, "-c", container, "--tail=30"))
    return "\n".join(words)[-8000:]


def browser_words(deployment: Deployment, port: int) -> tuple[str, ...]:
    """For Chromium: where our two names are, and whose certificate holds for them; the product is behind `port`."""
    machine = _machine(KUSTOMIZE / OVERLAY)[0]
    roads = f"MAP opencode.local:443 127.0.0.1:{port},MAP keycloak.opencode.local {machine}"
    pin = pin_of(deployment.secrets / "tls.crt")
    return f"--host-resolver-rules={roads}", f"--ignore-certificate-errors-spki-list={pin}"
