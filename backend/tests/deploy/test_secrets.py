"""`opm deploy`: fresh secrets in files that only their owner reads, that nothing prints and nothing overwrites."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from opm.cli import main
from opm.server.core.certificates import issue
from opm.server.core.crypto import is_exposed, read_keys
from opm.server.core.settings import Settings

FILES = {
    "controller.env",
    "postgres.env",
    "redis.conf",
    "redis.env",
    "keycloak.env",
    "secret.keys",
    "docker-registry.json",
}


def deploy(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["deploy", *map(str, words)])


def env(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def values(folder: Path) -> set[str]:
    """Everything in the files that is secret."""
    found = {part for name in FILES for value in (folder / name).read_text().split() for part in value.split("=", 1)}
    return {value for value in found if len(value) >= 24}


def test_files_are_private_and_nothing_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    said = deploy("secrets", folder, "--tls", "opm.test")
    assert said.exit_code == 0, said.output
    assert {path.name for path in folder.iterdir()} == FILES | {"ca.crt", "tls.crt", "tls.key"}
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    assert folder.stat().st_mode & 0o777 == 0o700
    secret = values(folder)
    assert len(secret) >= 7
    assert not [value for value in secret if value in said.output]
    assert "PRIVATE KEY" not in said.output


def test_the_parts_fit_together_and_no_two_folders_are_alike(tmp_path: Path) -> None:
    deploy("secrets", tmp_path / "a", "--database", "db.test:6543", "--redis", "bell.test:6380")
    deploy("secrets", tmp_path / "b")
    controller, postgres = env(tmp_path / "a/controller.env"), env(tmp_path / "a/postgres.env")
    database, redis = urlsplit(controller["OPM_DATABASE__URL"]), urlsplit(controller["OPM_REDIS__URL"])
    assert (database.username, database.hostname, database.port, database.path) == ("opm", "db.test", 6543, "/opm")
    assert database.password == postgres["OPM_PASSWORD"] != postgres["POSTGRES_PASSWORD"]
    assert (redis.hostname, redis.port) == ("bell.test", 6380)
    assert (tmp_path / "a/redis.conf").read_text() == f"requirepass {redis.password}\n"
    assert env(tmp_path / "a/redis.env") == {"REDIS_PASSWORD": redis.password}
    assert env(tmp_path / "a/keycloak.env")["OPM_CLIENT_SECRET"] == controller["OPM_OIDC__CLIENT_SECRET"]
    assert len(read_keys(tmp_path / "a/secret.keys")) == 1
    same = {value for value in values(tmp_path / "a") & values(tmp_path / "b") if "KC_" not in value}
    assert {value for value in same if not value.startswith(("OPM_", "POSTGRES_"))} == set()


def test_the_controller_takes_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy("secrets", tmp_path / "s")
    for name, value in env(tmp_path / "s/controller.env").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPM_CONFIG_FILE", str(tmp_path / "none"))
    settings = Settings()
    assert settings.database_url.startswith("postgresql+asyncpg://opm:")
    assert settings.oidc.client_secret is not None


def test_nothing_is_overwritten_unless_that_is_said(tmp_path: Path) -> None:
    deploy("secrets", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "redis.conf").unlink()
    said = deploy("secrets", tmp_path)
    assert said.exit_code == 1
    assert "--force" in said.output
    del before["redis.conf"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_replacement_keeps_what_decrypts(tmp_path: Path) -> None:
    deploy("secrets", tmp_path)
    (old,) = read_keys(tmp_path / "secret.keys")
    controller = (tmp_path / "controller.env").read_text()
    assert deploy("secrets", tmp_path, "--force").exit_code == 0
    newest, kept = read_keys(tmp_path / "secret.keys")
    assert kept == old != newest
    assert (tmp_path / "controller.env").read_text() != controller


def test_a_new_master_key_comes_first(tmp_path: Path) -> None:
    assert "opm deploy secrets" in deploy("key", tmp_path).output
    deploy("secrets", tmp_path)
    (old,) = read_keys(tmp_path / "secret.keys")
    said = deploy("key", tmp_path)
    assert list(read_keys(tmp_path / "secret.keys")) == [said.output.strip(), old]
    assert (tmp_path / "secret.keys").stat().st_mode & 0o777 == 0o600


def docker_config(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_login_of_a_registry_is_taken_and_nothing_else(tmp_path: Path) -> None:
    entry = {"auth": base64.b64encode(b"ann:not-a-password").decode()}
    config = docker_config(tmp_path, {"auths": {"registry.test": entry}, "HttpHeaders": {"X": "y"}})
    assert deploy("secrets", tmp_path / "s", "--docker-registry", config).exit_code == 0
    assert json.loads((tmp_path / "s/docker-registry.json").read_text()) == {"auths": {"registry.test": entry}}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no json", "no docker configuration"),
        ("[]", "no docker configuration"),
        ({"auths": {}}, "docker login"),
        ({"auths": {"registry.test": {}}, "credsStore": "desktop"}, "credential store"),
        ({"auths": {"registry.test": {"auth": "%%%"}}}, "credential store"),
    ],
)
def test_a_login_that_would_not_work_is_refused(tmp_path: Path, content: object, why: str) -> None:
    said = deploy("secrets", tmp_path / "s", "--docker-registry", docker_config(tmp_path, content))
    assert said.exit_code == 1
    assert why in said.output
    assert not (tmp_path / "s").exists()


def test_the_secret_of_the_client_can_be_given(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_text("of-the-provider\n")
    deploy("secrets", tmp_path / "s", "--oidc-secret", given)
    assert env(tmp_path / "s/controller.env")["OPM_OIDC__CLIENT_SECRET"] == "of-the-provider"
    given.write_text("two\nlines")
    assert deploy("secrets", tmp_path / "t", "--oidc-secret", given).exit_code == 1


def test_the_certificate_serves_its_names_and_no_other(tmp_path: Path) -> None:
    made = issue(["opm.test", "keycloak.opm.test"])
    chain = tmp_path / "chain.pem"
    chain.touch(mode=0o600)
    chain.write_text(made.key + made.certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    client = ssl.create_default_context(cadata=made.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(server, client, "keycloak.opm.test") is None
    assert "Hostname mismatch" in str(handshake(server, client, "other.test"))
    assert "local issuer" in str(handshake(server, ssl.create_default_context(), "opm.test"))
    assert "PRIVATE" not in repr(made)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLError | None:
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLError as exc:
        return exc
    finally:
        ours.close()
        thread.join()
    return None


@pytest.mark.parametrize(
    ("owner", "group", "mode", "exposed"),
    [
        ("self", "own", 0o600, False),
        ("self", "own", 0o640, True),
        ("root", "own", 0o440, False),  # how Kubernetes hands a Secret to a pod with an fsGroup
        ("root", "own", 0o460, True),
        ("root", "own", 0o444, True),
        ("root", "other", 0o440, True),
    ],
)
def test_who_may_read_the_master_keys(owner: str, group: str, mode: int, exposed: bool) -> None:
    """As an ordinary account would see it, which needs no such account: only numbers are compared."""
    program = (
        "import os, sys\n"
        "from opm.server.core.crypto import is_exposed\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(10001); os.setuid(10001)\n"
        "uid = 0 if sys.argv[1] == 'root' else os.geteuid()\n"
        "gid = os.getegid() if sys.argv[2] == 'own' else 4711\n"
        "print(is_exposed(os.stat_result((0o100000 | int(sys.argv[3]), 0, 0, 1, uid, gid, 0, 0, 0, 0))))\n"
    )
    command = [sys.executable, "-c", program, owner, group, str(mode)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(exposed)
    assert is_exposed(os.stat_result((0o100644, 0, 0, 1, os.geteuid(), 0, 0, 0, 0, 0)))
