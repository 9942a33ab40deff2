"""Every weak setting is found, its stronger neighbour is not, and the defaults have none."""

from pathlib import Path
from typing import Any

import pytest

from opm.server.core.settings import Settings
from opm.server.runtime.doctor import Check
from opm.server.runtime.weak_settings import PLACE_RULES, RULES, Place, run_rules

PUBLIC = {"public_url": "https://opm.example.org", "demo": {"enabled": "never"}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(config=tmp_path / "opm.toml", environ={})


def settings(folder: Path, **given: Any) -> Settings:
    values: dict[str, Any] = {"data_dir": folder / "data", **given}
    return Settings(**values)


def names(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if check.ok is not True]


def test_the_defaults_are_clean_and_say_how_much_was_looked_at(tmp_path: Path, place: Place) -> None:
    (check,) = run_rules(settings(tmp_path), place)
    assert (check.ok, check.found) == (True, f"none of {len(RULES) + len(PLACE_RULES)} known weaknesses")


def test_a_well_made_server_for_others_is_clean(tmp_path: Path, place: Place) -> None:
    given = PUBLIC | {
        "secret_key_file": tmp_path / "elsewhere" / "secret.keys",
        "cors_origins": ["https://tools.lan"],
        "database": {"url": "postgresql://opm@db.example.org/opm?ssl=verify-full"},
        "providers": {"allowed_hosts": ["llm.example.org"]},
    }
    assert names(run_rules(settings(tmp_path, **given), place)) == []


IMAGES = "OPM_KUBERNETES__OPENCODE_IMAGE, __SIDECAR_IMAGE"
PINNED = "registry.example/image@sha256:" + "a" * 64
WEAK: list[tuple[str, dict[str, Any]]] = [
    ("OPM_HOST", {"host": "0.0.0.0", "demo": {"enabled": "never"}, "secret_key_file": "/none/keys"}),
    ("OPM_PUBLIC_URL", PUBLIC | {"public_url": "http://opm.example.org", "secret_key_file": "/none/keys"}),
    ("OPM_ALLOWED_HOSTS", {"allowed_hosts": ["*.example.org"]}),
    ("OPM_CORS_ORIGINS", {"cors_origins": ["https://good.lan", "http://tools.lan"]}),
    ("OPM_AUTH__ACCESS_TTL", {"auth": {"access_ttl": 3601}}),
    ("OPM_AUTH__REFRESH_TTL", {"auth": {"refresh_ttl": 91 * 86400}}),
    ("OPM_AUTH__LAUNCH_TTL", {"auth": {"launch_ttl": 2 * 86400}}),
    ("OPM_PROVIDERS__ALLOW_PRIVATE", {"providers": {"allow_private": "always"}}),
    ("OPM_PROVIDERS__ALLOWED_HOSTS", {"providers": {"allowed_hosts": ["10.0.0.0/8"]}}),
    ("OPM_PROVIDERS__ALLOWED_HOSTS", {"providers": {"allowed_hosts": [f"h{n}.lan" for n in range(21)]}}),
    ("OPM_GIT__ALLOWED_HOSTS", {"git": {"allowed_hosts": ["*"]}}),
    ("OPM_GIT__ALLOWED_HOSTS", PUBLIC | {"git": {"allowed_hosts": ["localhost"]}, "secret_key_file": "/none/keys"}),
    ("OPM_DATABASE__URL", {"database": {"url": "postgresql://opm@db.example.org/opm"}}),
    ("OPM_DATABASE__URL", {"database": {"url": "postgresql://opm@db.example.org/opm?sslmode=prefer"}}),
    ("OPM_LOG__LEVEL", {"log": {"level": "DEBUG"}}),
    ("OPM_RUNTIME__KEEP_PODS", {"runtime": {"keep_pods": True}}),
    (IMAGES, {"runtime": {"kind": "kubernetes"}}),
    (IMAGES, {"runtime": {"kind": "kubernetes"}, "kubernetes": {"opencode_image": PINNED}}),
    (
        "OPM_KUBERNETES__NETWORK_POLICY",
        {
            "runtime": {"kind": "kubernetes"},
            "kubernetes": {"network_policy": False, "opencode_image": PINNED, "sidecar_image": PINNED},
        },
    ),
    ("OPM_DEMO__ENABLED", {"public_url": "https://opm.example.org", "secret_key_file": "/none/keys"}),
    ("OPM_SECRET_KEY_FILE", PUBLIC),
]


@pytest.mark.parametrize(("name", "given"), WEAK, ids=[f"{name}-{number}" for number, (name, _) in enumerate(WEAK)])
def test_a_weak_setting_is_found_alone_and_comes_with_its_mend(
    tmp_path: Path, place: Place, name: str, given: dict[str, Any]
) -> None:
    (check,) = run_rules(settings(tmp_path, **given), place)
    assert (check.name, check.ok) == (name, None)
    assert check.mend.endswith(".")


STRONG: list[dict[str, Any]] = [
    {"host": "::1"},
    {"host": "localhost", "public_url": "http://localhost:9000"},
    {"cors_origins": ["http://localhost:5173", "http://127.0.0.1:5173"]},
    {"auth": {"access_ttl": 3600, "refresh_ttl": 90 * 86400}},
    {"git": {"allowed_hosts": ["localhost"]}},
    {"database": {"url": "postgresql://opm@localhost/opm"}},
    {"database": {"url": "postgresql://opm@db.example.org/opm?sslmode=verify-full"}},
    {"demo": {"enabled": "always"}},
]


@pytest.mark.parametrize("given", STRONG, ids=str)
def test_what_is_strong_enough_is_not_called_weak(tmp_path: Path, place: Place, given: dict[str, Any]) -> None:
    assert names(run_rules(settings(tmp_path, **given), place)) == []


@pytest.mark.parametrize(("mode", "found"), [(0o700, []), (0o750, ["OPM_DATA_DIR"]), (0o701, ["OPM_DATA_DIR"])])
def test_a_data_directory_that_others_can_enter(tmp_path: Path, place: Place, mode: int, found: list[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    assert names(run_rules(settings(tmp_path), place)) == found


def test_one_in_which_nothing_is_kept_may_belong_to_a_group(tmp_path: Path, place: Place) -> None:
    """A volume of a pod that several accounts share by their group."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o2777)
    given: dict[str, Any] = {
        "runtime": {"kind": "kubernetes"},
        "kubernetes": {"opencode_image": PINNED, "sidecar_image": PINNED},
        "database": {"url": "postgresql://opm@localhost/opm"},
    }
    assert names(run_rules(settings(tmp_path, **given), place)) == []
    assert names(run_rules(settings(tmp_path, **{**given, "database": {}}), place)) == ["OPM_DATA_DIR"]


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_key_file_that_others_can_read_is_a_failure(tmp_path: Path, place: Place, mode: int, ok: bool) -> None:
    key = tmp_path / "secret.keys"
    key.write_text("")
    key.chmod(mode)
    (check,) = run_rules(settings(tmp_path, secret_key_file=key), place)
    assert check.ok is ok


PASSWORD = "sesame"
WITH_PASSWORD = f"postgresql://opm:{PASSWORD}@localhost/opm"


@pytest.mark.parametrize(
    ("text", "mode", "held"),
    [
        (f'[database]\nurl = "{WITH_PASSWORD}"', 0o644, "database.url"),
        (f'[oidc]\nclient_secret = "{PASSWORD}"', 0o640, "oidc.client_secret"),
        (f'[database]\nurl = "{WITH_PASSWORD}"', 0o600, None),
        ('port = 9000\nsecret_key_file = "/srv/keys"\n[database]\nurl = "postgresql://opm@db/opm"', 0o644, None),
        ("not toml", 0o644, None),
    ],
)
def test_a_configuration_file_with_secrets_is_private(
    tmp_path: Path, place: Place, text: str, mode: int, held: str | None
) -> None:
    place.config.write_text(text)
    place.config.chmod(mode)
    (check,) = run_rules(settings(tmp_path), place)
    assert (check.ok is False) == (held is not None)
    assert held is None or held in check.found
    assert PASSWORD not in check.found + check.mend


@pytest.mark.parametrize("name", ["OPM_DATABASE__URL", "OPM_OIDC__CLIENT_SECRET"])
def test_a_secret_in_the_environment_is_named_and_not_shown(tmp_path: Path, name: str) -> None:
    value = WITH_PASSWORD if name.endswith("URL") else PASSWORD
    environ = {
        name: value,
        "OPM_PORT": "1",
        "OPM_KUBERNETES__PULL_SECRET": "registry",
        "OPM_SECRET_KEY_FILE": "/srv/keys",
        "OTHER_TOKEN": "x",
    }
    (check,) = run_rules(settings(tmp_path), Place(config=tmp_path / "none", environ=environ))
    assert check.found == f"a secret in {name}"
    assert PASSWORD not in check.found + check.mend
