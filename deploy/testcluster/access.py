"""Speaking to the API server: kubeconfig files, and a client no bigger than what the harness asks."""

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Object = dict[str, Any]


def write_kubeconfig(path: Path, server: str, pki: Path, who: str) -> None:
    """JSON, which is YAML; with everything inside, so that it may be copied."""
    user = {"client-certificate-data": _inline(pki / f"{who}.crt"), "client-key-data": _inline(pki / f"{who}.key")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "testcluster",
        "clusters": [
            {"name": "testcluster", "cluster": {"server": server, "certificate-authority-data": _inline(pki / "ca.crt")}}
        ],
        "users": [{"name": who, "user": user}],
        "contexts": [{"name": "testcluster", "context": {"cluster": "testcluster", "user": who}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


class Refused(Exception):
    """The API server's answer was no; `status` says which."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words[:500]}")
        self.status = status


class Api:
    """As the administrator, over one connection that is renewed after a fault."""

    def __init__(self, server: str, pki: Path) -> None:
        address = urlsplit(server)
        self._host, self._port = address.hostname or "", address.port or 443
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._connection: http.client.HTTPSConnection | None = None

    def get(self, path: str) -> Object:
        return self.ask("GET", path)

    def items(self, path: str) -> list[Object]:
        return self.get(path)["items"]

    def ask(self, method: str, path: str, body: Object | None = None) -> Object:
        return json.loads(self.raw(method, path, body) or b"{}")

    def raw(self, method: str, path: str, body: Object | None = None) -> bytes:
        connection = self._connection or http.client.HTTPSConnection(
            self._host, self._port, timeout=10, context=self._tls
        )
        self._connection = None
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        if answer.status >= 400:
            raise Refused(answer.status, content.decode(errors="replace"))
        return content
