"""Settings that are allowed and weak, for `opm doctor`: what each opens, and how to close it.

Every rule is a small function of the settings, and says nothing when all is well; a new one is a function in `RULES`.
Those that look at files and at the environment are apart, in `PLACE_RULES`.
"""

import ipaddress
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opm.server.core.crypto import is_exposed
from opm.server.core.settings import Settings, config_file
from opm.server.runtime.doctor import Check

LONGEST_ACCESS = timedelta(hours=1)
LONGEST_REFRESH = timedelta(days=90)
LONGEST_LAUNCH = timedelta(hours=24)
MANY_HOSTS = 20
SSL_MODES = frozenset({"require", "verify-ca", "verify-full"})
TELLING = ("secret", "password", "token", "api_key")
"""Parts of the names of settings whose values are secret."""
NOT_TELLING = frozenset({"pull_secret"})
"""Those that only name an object of the cluster."""


@dataclass(frozen=True, slots=True)
class Place:
    """What surrounds the settings."""

    config: Path = field(default_factory=config_file)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


Rule = Callable[[Settings], Check | None]
PlaceRule = Callable[[Settings, Place], Check | None]


def weak(name: str, found: str, mend: str) -> Check:
    return Check(name, ok=None, found=found, mend=mend)


def run_rules(settings: Settings, place: Place | None = None) -> list[Check]:
    """What is weak; one line that says so when nothing is."""
    around = place or Place()
    found = [rule(settings) for rule in RULES] + [rule(settings, around) for rule in PLACE_RULES]
    checks = [check for check in found if check is not None]
    return checks or [Check("Settings", ok=True, found=f"none of {len(found)} known weaknesses")]


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(settings: Settings) -> bool:
    """Whether others than the people at this machine are meant to reach it."""
    named = urlsplit(settings.public_url or "").hostname
    return not is_loopback(settings.host) or (named is not None and not is_loopback(named))


def public_url(settings: Settings) -> Check | None:
    parts = urlsplit(settings.public_url or "")
    if parts.scheme == "https" or parts.hostname is None or is_loopback(parts.hostname):
        return None
    mend = "Serve it by https: sign-ins, source code and terminals cross the network in the clear."
    return weak("OPM_PUBLIC_URL", f"{parts.scheme}://{parts.hostname} is not https", mend)


def host(settings: Settings) -> Check | None:
    if is_loopback(settings.host) or urlsplit(settings.public_url or "").scheme == "https":
        return None
    mend = "Listen on 127.0.0.1 behind a proxy that ends TLS, and set OPM_PUBLIC_URL to its https address."
    return weak("OPM_HOST", f"{settings.host} is reachable from the network, without TLS", mend)


def accepted_names(settings: Settings) -> Check | None:
    if not (wide := [name for name in settings.allowed_hosts if "*" in name]):
        return None
    return weak("OPM_ALLOWED_HOSTS", f"{wide[0]} is no name", "Name each host; patterns are not understood.")


def cors(settings: Settings) -> Check | None:
    plain = [origin for origin in settings.cors_origins if origin.startswith("http://")]
    far = [origin for origin in plain if not is_loopback(urlsplit(origin).hostname or "")]
    if not far:
        return None
    mend = "Name https origins: whoever is on the way of an http page can put in a script that uses its token."
    return weak("OPM_CORS_ORIGINS", ", ".join(far), mend)


def private_providers(settings: Settings) -> Check | None:
    if settings.providers.allow_private != "always":
        return None
    mend = "Name the hosts in OPM_PROVIDERS__ALLOWED_HOSTS instead; now every user can reach your private network."
    return weak("OPM_PROVIDERS__ALLOW_PRIVATE", "always", mend)


def provider_hosts(settings: Settings) -> Check | None:
    return _hosts("OPM_PROVIDERS__ALLOWED_HOSTS", settings.providers.allowed_hosts, settings)


def git_hosts(settings: Settings) -> Check | None:
    return _hosts("OPM_GIT__ALLOWED_HOSTS", settings.git.allowed_hosts, settings)


def _hosts(name: str, hosts: tuple[str, ...], settings: Settings) -> Check | None:
    """These hosts may have any address and be spoken to by http, so each one should be meant."""
    if patterns := [one for one in hosts if "*" in one or "/" in one]:
        return weak(name, f"{patterns[0]} is no host", "Name each host; patterns and networks are not understood.")
    if is_public(settings) and (own := [one for one in hosts if is_loopback(one)]):
        mend = "Take it out: it lets every user speak to other programs of this machine."
        return weak(name, f"{own[0]}, and the server is for others too", mend)
    if len(hosts) > MANY_HOSTS:
        return weak(name, f"{len(hosts)} hosts", "Keep those that are needed; each may be spoken to by http.")
    return None


def log_level(settings: Settings) -> Check | None:
    if settings.log.level != "DEBUG":
        return None
    return weak(
        "OPM_LOG__LEVEL", "DEBUG", "Use INFO outside of a search for a fault; libraries log much of what passes."
    )


def access_life(settings: Settings) -> Check | None:
    mend = "Use an hour or less: it is how long a stolen token can serve."
    return _life("OPM_AUTH__ACCESS_TTL", settings.auth.access_ttl, LONGEST_ACCESS, mend)


def refresh_life(settings: Settings) -> Check | None:
    mend = "Use 90 days or less: it is how long a forgotten browser stays signed in."
    return _life("OPM_AUTH__REFRESH_TTL", settings.auth.refresh_ttl, LONGEST_REFRESH, mend)


def launch_life(settings: Settings) -> Check | None:
    mend = "Use a day or less; `opm launch-url` makes a new address at any time."
    return _life("OPM_AUTH__LAUNCH_TTL", settings.auth.launch_ttl, LONGEST_LAUNCH, mend)


def _life(name: str, life: timedelta, longest: timedelta, mend: str) -> Check | None:
    return weak(name, f"{life} is long", mend) if life > longest else None


def kept_pods(settings: Settings) -> Check | None:
    if not settings.runtime.keep_pods:
        return None
    mend = "Leave it off unless you need it: agents go on, and nobody watches them, while the server is down."
    return weak("OPM_RUNTIME__KEEP_PODS", "pods outlive the server", mend)


def unpinned_images(settings: Settings) -> Check | None:
    images = (settings.kubernetes.opencode_image, settings.kubernetes.sidecar_image)
    loose = [image for image in images if "@sha256:" not in image]
    if settings.runtime.kind != "kubernetes" or not loose:
        return None
    mend = "Name them by digest (name@sha256:...): what a tag stands for can be changed under you."
    return weak("OPM_KUBERNETES__OPENCODE_IMAGE, __SIDECAR_IMAGE", f"{', '.join(loose)} can change", mend)


def open_pods(settings: Settings) -> Check | None:
    if settings.runtime.kind != "kubernetes" or settings.kubernetes.network_policy:
        return None
    mend = "Leave it on: without it every pod of the cluster can knock at the sidecars, and agents reach all of it."
    return weak("OPM_KUBERNETES__NETWORK_POLICY", "off", mend)


def demo(settings: Settings) -> Check | None:
    if settings.demo.enabled == "never" or not is_public(settings):
        return None
    mend = "Set it to never: a card can script the demo model to run any command that the user lets pass."
    return weak("OPM_DEMO__ENABLED", f"{settings.demo.enabled}, on a server for others", mend)


def database_tls(settings: Settings) -> Check | None:
    parts = urlsplit(settings.database.url or "")
    if parts.hostname is None or is_loopback(parts.hostname):
        return None
    query = parse_qs(parts.query)
    modes = query.get("sslmode", []) + query.get("ssl", [])
    if modes and modes[-1] in SSL_MODES:
        return None
    mend = "Add ?ssl=verify-full to the address: otherwise everything may cross the network in the clear."
    return weak("OPM_DATABASE__URL", f"{parts.hostname} is remote, and TLS is not asked for", mend)


def key_beside_data(settings: Settings) -> Check | None:
    """At one's own desk they may lie together; a server for others is backed up by somebody."""
    beside = settings.key_file.resolve().parent == settings.data_dir.resolve()
    if not beside or not settings.embedded_database or not is_public(settings):
        return None
    mend = "Move it and set OPM_SECRET_KEY_FILE: a backup of the folder holds the secrets and what opens them."
    return weak("OPM_SECRET_KEY_FILE", f"{settings.key_file} lies beside the database", mend)


def key_mode(settings: Settings) -> Check | None:
    try:
        if not is_exposed(settings.key_file.stat()):
            return None
    except OSError:
        return None
    found = f"{settings.key_file} has mode {_mode(settings.key_file):o}"
    return Check("Key file", ok=False, found=found, mend=f"Type: chmod 600 {settings.key_file}. Then rotate the keys.")


def data_mode(settings: Settings) -> Check | None:
    mode = _mode(settings.data_dir)
    nothing_kept = settings.runtime.kind == "kubernetes" and not settings.embedded_database
    if mode & 0o077 == 0 or nothing_kept:
        return None
    found = f"others can look into {settings.data_dir} (mode {mode:o})"
    return weak("OPM_DATA_DIR", found, f"Type: chmod 700 {settings.data_dir}")


def _mode(path: Path) -> int:
    """0: there is nothing that others could read."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def config_mode(_settings: Settings, place: Place) -> Check | None:
    mode = _mode(place.config)
    if mode & 0o077 == 0:
        return None
    try:
        held = list(secrets_of(tomllib.loads(place.config.read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        return None
    if not held:
        return None
    found = f"{place.config} has mode {mode:o} and holds {', '.join(held)}"
    return Check("Configuration file", ok=False, found=found, mend=f"Type: chmod 600 {place.config}")


def secrets_of(table: Mapping[str, Any], above: str = "") -> list[str]:
    """The names of what is secret in a configuration file, whatever settings there will be."""
    found: list[str] = []
    for name, value in table.items():
        full = f"{above}{name}"
        if isinstance(value, Mapping):
            found += secrets_of(value, f"{full}.")  # pyright: ignore[reportUnknownArgumentType]  TOML of any depth
        elif isinstance(value, str) and _is_secret(name, value):
            found.append(full)
    return found


def _is_secret(name: str, value: str) -> bool:
    if not value or name.endswith("_file") or name in NOT_TELLING:
        return False
    return bool(urlsplit(value).password) or any(word in name.lower() for word in TELLING)


def secret_environment(_settings: Settings, place: Place) -> Check | None:
    held = [
        name
        for name, value in place.environ.items()
        if name.startswith("OPM_") and secrets_of({name.rpartition("__")[2].lower(): value})
    ]
    if not held:
        return None
    mend = "Put it into the configuration file, readable by the server alone: processes of one account, agents on this "
    return weak("Environment", f"a secret in {', '.join(sorted(held))}", f"{mend}machine among them, see environments.")


RULES: tuple[Rule, ...] = (
    host,
    public_url,
    accepted_names,
    cors,
    access_life,
    refresh_life,
    launch_life,
    private_providers,
    provider_hosts,
    git_hosts,
    database_tls,
    log_level,
    kept_pods,
    unpinned_images,
    open_pods,
    demo,
    key_beside_data,
    key_mode,
    data_mode,
)
PLACE_RULES: tuple[PlaceRule, ...] = (config_mode, secret_environment)
