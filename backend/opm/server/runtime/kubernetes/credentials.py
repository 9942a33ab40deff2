"""How the cluster is reached: as the pod we run in, or as a kubeconfig says."""

import base64
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from opm.server.core.errors import RuntimeFault
from opm.server.core.kubernetes import KubernetesSettings

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_SECONDS = 60.0
"""A service account's token is written anew long before it expires; it is read again this often."""

Token = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Cluster:
    server: str
    """Base address without trailing slash."""
    tls: ssl.SSLContext | None
    token: Token


def find_cluster(
    settings: KubernetesSettings, environ: Mapping[str, str] = os.environ, account: Path = ACCOUNT
) -> Cluster:
    """Blocking, for it reads files; a `RuntimeFault` says what is missing."""
    if settings.kubeconfig is None and "KUBERNETES_SERVICE_HOST" in environ and (account / "token").exists():
        return _inside(environ, account)
    named = settings.kubeconfig or Path(environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    try:
        said = named.read_bytes()
    except OSError as exc:
        raise RuntimeFault(
            f"The cluster cannot be reached: there is no service account, and {named} cannot be read ({exc.strerror})."
        ) from exc
    try:
        return _outside(yaml.safe_load(said), settings.context, named.parent)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, OSError) as exc:
        raise RuntimeFault(f"{named} is not a kubeconfig that can be used ({type(exc).__name__}: {exc}).") from exc


def _inside(environ: Mapping[str, str], account: Path) -> Cluster:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    tls = ssl.create_default_context(cafile=str(account / "ca.crt"))
    return Cluster(f"https://{f'[{host}]' if ':' in host else host}:{port}", tls, reread(account / "token"))


def reread(file: Path, clock: Callable[[], float] = time.monotonic) -> Token:
    read_at, held = -TOKEN_SECONDS, ""

    def token() -> str:
        nonlocal read_at, held
        if clock() - read_at >= TOKEN_SECONDS:
            held, read_at = file.read_text().strip(), clock()
        return held

    return token


def _outside(content: Any, wanted: str | None, folder: Path) -> Cluster:
    context = _named(content, "contexts", wanted or content["current-context"])["context"]
    cluster = _named(content, "clusters", context["cluster"])["cluster"]
    user = _named(content, "users", context["user"])["user"]
    if {"exec", "auth-provider"} & user.keys():
        raise ValueError("it starts a program to sign in; make one with a service account's token")
    server = str(cluster["server"]).rstrip("/")
    return Cluster(server, _tls(cluster, user, folder) if server.startswith("https") else None, _token(user, folder))


def _named(content: Any, kind: str, name: str) -> dict[str, Any]:
    for entry in cast("list[dict[str, Any]]", content[kind]):
        if entry["name"] == name:
            return entry
    raise ValueError(f"{name!r} is not among its {kind}")


def _token(user: dict[str, Any], folder: Path) -> Token:
    if "tokenFile" in user:
        return reread(folder / str(user["tokenFile"]))
    held = str(user["token"]) if "token" in user else None
    return lambda: held


def _tls(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext:
    ca = _content(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=ca.decode() if ca else None)
    if cluster.get("insecure-skip-tls-verify"):
        raise ValueError("it does not check the cluster's certificate; name its authority instead")
    certificate, key = _content(user, "client-certificate", folder), _content(user, "client-key", folder)
    if certificate and key:
        # the standard library reads certificates from files only; this one is ours alone and gone at once
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _content(entry: dict[str, Any], name: str, folder: Path) -> bytes | None:
    if f"{name}-data" in entry:
        return base64.b64decode(str(entry[f"{name}-data"]))
    return (folder / str(entry[name])).read_bytes() if name in entry else None
