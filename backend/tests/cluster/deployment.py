"""The overlay `kind` on a cluster, as it is, and people who ask its controllers through Traefik and sign in at its
Keycloak.

Nothing is put where something is: namespaces of those names are somebody's.
"""

import base64
import contextlib
import hashlib
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opm.server.runtime.kubernetes.names import PROJECT, name_of
from tests.cluster.kubectl import Kubectl, Refusal
from tests.deploy.rendering import furnish
from tests.e2e.served import Client
from tests.identity.keycloak import Realm
from tests.identity.roads import Roads

OVERLAY = "kind"
NAMESPACE, DOOR_NAMESPACE = "opencode", "traefik"
CONTROLLER = "deployment/opm-controller"
ROLLED_OUT = ("statefulset/postgres", "deployment/redis", "statefulset/keycloak", CONTROLLER)
URL = "https://opencode.local"
PROVIDER = "https://keycloak.opencode.local:8443"
OURS = "pods,persistentvolumeclaims,configmaps,secrets,networkpolicies"
READY_SECONDS = 300.0
"""Of a start with everything new, on a machine that does other things, too."""
Address = tuple[str, int]


@dataclass(frozen=True)
class Deployment:
    kubectl: Kubectl
    realm: Realm
    door: Address
    """Of Traefik, on the node."""
    service: str
    """Address of the Service `opm-controller`, which nobody but Traefik reaches."""
    secrets: Path

    @property
    def authority(self) -> Path:
        return self.secrets / "ca.crt"

    def http(self, **options: Any) -> httpx.Client:
        roads = Roads({URL: "https://{}:{}".format(*self.door)}, self.authority)
        return httpx.Client(base_url=f"{URL}/api", transport=Patient(roads), timeout=30, **options)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    def sign_in(self, user: str) -> str:
        """By the code flow, as a program does it; returns a personal access token."""
        with self.http(headers={"X-OPM-Client": "api"}) as http:
            begun = http.post("/auth/oidc/login", json={"next": "/"}).raise_for_status().json()
            back = self.realm.browse(begun["authorization_url"], user, self.realm.users[user])
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

    def rolled_out(self) -> None:
        rolled_out(self.kubectl, CONTROLLER)


class Patient(httpx.BaseTransport):
    """Programs ask faster than people do, and wait as long as they are told to."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        while (answer := self._inner.handle_request(request)).status_code == httpx.codes.TOO_MANY_REQUESTS:
            answer.close()
            time.sleep(float(answer.headers["retry-after"]))
        return answer

    def close(self) -> None:
        self._inner.close()


@dataclass(frozen=True)
class User:
    """Somebody with a token."""

    deployment: Deployment
    token: str

    def client(self) -> Client:
        return Client(self.deployment.http(headers={"Authorization": f"Bearer {self.token}"}))


@contextlib.contextmanager
def deployed(kubectl: Kubectl) -> Iterator[Deployment]:
    there = {one["metadata"]["name"] for one in kubectl.items("namespaces")} & {NAMESPACE, DOOR_NAMESPACE}
    if there:
        pytest.fail(f"there are namespaces {there} already: kubectl delete namespace ..., if they are yours")
    with contextlib.ExitStack() as held:
        overlay = furnish(OVERLAY, Path(held.enter_context(tempfile.TemporaryDirectory(prefix="opm-deployed-"))))
        held.callback(_remove, kubectl)
        kubectl.within("").run("apply", "--server-side", "-k", str(overlay), limit=120)
        within, beside = kubectl.within(NAMESPACE), kubectl.within(DOOR_NAMESPACE)
        for what in ROLLED_OUT:
            rolled_out(within, what)
        rolled_out(beside, "deployment/traefik")
        authority = overlay / "secrets" / "ca.crt"
        provider = "https://{}:{}".format(*_on_node(within, "keycloak"))
        yield Deployment(
            within,
            Realm(provider, PROVIDER, authority),
            _on_node(beside, "traefik"),
            within.get("service", "opm-controller")["spec"]["clusterIP"],
            overlay / "secrets",
        )


def _remove(kubectl: Kubectl) -> None:
    kubectl.run("delete", "namespace", NAMESPACE, DOOR_NAMESPACE, "--ignore-not-found", "--timeout=240s", limit=260)


def rolled_out(kubectl: Kubectl, what: str, seconds: float = READY_SECONDS) -> None:
    try:
        kubectl.run("rollout", "status", what, f"--timeout={seconds:.0f}s", limit=seconds + 30)
    except Refusal as refusal:
        raise AssertionError(f"{refusal}\n{described(kubectl, what)}") from refusal


def _on_node(kubectl: Kubectl, service: str) -> Address:
    """Where the machine, as somebody outside, finds a service that has a port of each node."""
    node = kubectl.items("nodes")[0]
    address = next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP")
    (port,) = kubectl.get("service", service)["spec"]["ports"]
    return address, port["nodePort"]


def described(kubectl: Kubectl, what: str) -> str:
    """What there is to see of something that does not come up."""
    words = [kubectl.run("get", "pods,pvc", "-o", "wide")]
    words.append(kubectl.run("get", "events", "--field-selector=type=Warning", "-o", "custom-columns=M:.message"))
    with contextlib.suppress(Refusal):
        words.append(kubectl.run("logs", what, "--all-containers", "--tail=30"))
    return "\n".join(words)[-8000:]


def browser_words(deployment: Deployment) -> tuple[str, ...]:
    """For Chromium: where our two names are, and whose certificate holds for them."""
    door, provider = "{}:{}".format(*deployment.door), urlsplit(deployment.realm.address).netloc
    roads = f"MAP opencode.local:443 {door},MAP keycloak.opencode.local:8443 {provider}"
    pin = pin_of(deployment.secrets / "tls.crt")
    return f"--host-resolver-rules={roads}", f"--ignore-certificate-errors-spki-list={pin}"


def pin_of(certificate: Path) -> str:
    """By which Chromium trusts this one key, and no other that nobody has signed."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()
