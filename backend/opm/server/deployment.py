"""What is secret in a deployment, made fresh as files that kustomize and compose read; for `opm deploy secrets`.

One file for each reader, so that no pod is given what is another's: `controller.env`, `postgres.env`, `redis.conf`,
`redis.env`, `keycloak.env`, the master keys in `secret.keys`, `docker-registry.json`, and with names for it `ca.crt`,
`tls.crt` and `tls.key`. Values never leave these files.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from opm.server.core.certificates import Certificates, issue
from opm.server.core.crypto import new_key_line
from opm.server.core.docker import logins, read_text
from opm.server.core.errors import Conflict, Invalid

_BYTES = 24
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """`database` and `redis` are host and port as the controller sees them."""

    database: str = "postgres:5432"
    redis: str = "redis:6379"
    docker_config: Path | None = None
    oidc_secret: Path | None = None
    tls_names: tuple[str, ...] = ()


def write(folder: Path, wanted: Wanted, *, force: bool = False) -> list[Path]:
    """Returns what was written. Nothing is, if any of it is there already and `force` does not say to replace it."""
    files = _contents(wanted)
    present = sorted(name for name in files if (folder / name).exists())
    if present and not force:
        raise Conflict(
            f"{folder} has {', '.join(present[:_LISTED])} already: a new password locks out what was set up with the "
            "old one. Use another folder, or --force."
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    older = folder / "secret.keys"
    if older.exists():  # what it encrypted has to stay readable
        files["secret.keys"] += older.read_text(encoding="utf-8")
    return [_write_private(folder / name, text) for name, text in files.items()]


def _contents(wanted: Wanted) -> dict[str, str]:
    superuser, owner, redis, keycloak = (secrets.token_urlsafe(_BYTES) for _ in range(4))
    client = _given(wanted.oidc_secret) if wanted.oidc_secret else secrets.token_urlsafe(_BYTES)
    files = {
        "controller.env": _env(
            OPM_DATABASE__URL=f"postgresql://opm:{quote(owner, safe='')}@{wanted.database}/opm",
            OPM_REDIS__URL=f"redis://:{quote(redis, safe='')}@{wanted.redis}/0",
            OPM_OIDC__CLIENT_SECRET=client,
        ),
        "postgres.env": _env(POSTGRES_PASSWORD=superuser, OPM_PASSWORD=owner),
        "redis.conf": f"requirepass {redis}\n",
        "redis.env": _env(REDIS_PASSWORD=redis),
        "keycloak.env": _env(
            KC_BOOTSTRAP_ADMIN_USERNAME="root", KC_BOOTSTRAP_ADMIN_PASSWORD=keycloak, OPM_CLIENT_SECRET=client
        ),
        "secret.keys": new_key_line()[1],
        "docker-registry.json": logins(wanted.docker_config),
    }
    return files | (_tls(issue(wanted.tls_names)) if wanted.tls_names else {})


def _tls(made: Certificates) -> dict[str, str]:
    return {"ca.crt": made.authority, "tls.crt": made.certificate, "tls.key": made.key}


def _env(**values: str) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _given(path: Path) -> str:
    text = read_text(path).strip()
    if not text or "\n" in text:
        raise Invalid(f"{path} does not hold one line with the client's secret.")
    return text


def _write_private(path: Path, text: str) -> Path:
    """As a whole or not at all: a crash must not leave half of the master keys."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path
