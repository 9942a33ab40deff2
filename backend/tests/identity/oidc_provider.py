"""npm's oidc-provider, run by the small script in op/; its packages are installed once for each state of their lock."""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.absent import missing
from tests.identity.provider import Addresses, ClientCredentials, loopback_client
from tests.identity.web import HttpBrowser, LoginForms
from tests.programs import Program, cache_folder, make_whole, one_at_a_time, run

_SOURCE = Path(__file__).parent / "op"
INSTALL_SECONDS, START_SECONDS = 300, 30
_ISSUER = re.compile(r"^issuer (http://127\.0\.0\.1:\d+)$", re.MULTILINE)


class OidcProvider(LoginForms):
    """The confidential client authenticates by HTTP Basic, and by nothing else."""

    name = "oidc-provider"
    admin_claim = "groups=opm-admins"

    def __init__(self, issuer: str, given: "_Given") -> None:
        self.issuer = issuer
        self.client, self.public_client, self.users = given.client, given.public_client, given.users
        self._http = loopback_client(base_url=issuer, headers={"Authorization": f"Bearer {given.control}"})

    def allow(self, base_url: str) -> None:
        self._control("allow", **asdict(Addresses.of(base_url)))

    def session(self) -> HttpBrowser:
        return HttpBrowser(self.issuer)

    def rotate_keys(self, *, keep_old: bool = True) -> None:
        self._control("rotate", keep_old=keep_old)

    def disable(self, user: str) -> None:
        self._control("enable", user=user, enabled=False)

    def enable(self, user: str) -> None:
        self._control("enable", user=user, enabled=True)

    def sign_out(self, user: str) -> None:
        self._control("sign_out", user=user)

    def close(self) -> None:
        self._http.close()

    def _control(self, action: str, **body: object) -> None:
        answer = self._http.post(f"/_control/{action}", json=body)
        assert answer.is_success, f"oidc-provider answered {answer.status_code} to {action}: {answer.text}"


class _Given:
    """What the script is told: made up anew for every session, and passed on its standard input."""

    def __init__(self) -> None:
        self.client = ClientCredentials("opm", secrets.token_urlsafe(32))
        self.public_client = ClientCredentials("opm-public")
        self.users = {name: secrets.token_urlsafe(12) for name in ("alice", "bob", "admin", "carol")}
        self.control = secrets.token_urlsafe(32)

    def encoded(self) -> bytes:
        clients = [{"client_id": self.client.client_id, "client_secret": self.client.secret}]
        clients.append({"client_id": self.public_client.client_id})
        told = {"clients": clients, "users": self.users, "disabled": ["carol"], "admins": ["admin"]}
        return json.dumps(told | {"control": self.control}).encode()


def installed_packages() -> Path:
    digest = hashlib.sha256((_SOURCE / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = cache_folder("oidc-provider")
    with one_at_a_time(cache):
        if not (cache / digest).is_dir():
            make_whole(cache / digest, _install)
    return cache / digest / "node_modules"


def _install(made: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        missing("oidc-provider", "there is no npm to install it with")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_SOURCE / name, made)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if failure := run(command, cwd=made, seconds=INSTALL_SECONDS):
        missing("oidc-provider", f"it could not be installed: {failure}")


@contextmanager
def running_oidc_provider(home: Path) -> Iterator[OidcProvider]:
    node = shutil.which("node")
    if node is None:
        missing("oidc-provider", "there is no Node.js")
    home.mkdir(parents=True, exist_ok=True)
    (home / "node_modules").symlink_to(installed_packages())
    shutil.copy(_SOURCE / "op.mjs", home)
    given = _Given()
    program = Program([node, home / "op.mjs"], home, given=given.encoded(), environment={})

    def look() -> str | None:
        found = _ISSUER.search(program.said())
        return found.group(1) if found else None

    try:
        provider = OidcProvider(program.wait_for(look, START_SECONDS, "oidc-provider"), given)
        try:
            yield provider
        finally:
            provider.close()
    finally:
        program.end()
