"""A sidecar that is told too little, or something dangerous, does not start and says why."""

import base64
import json
from pathlib import Path

import pytest

from opm.sidecar.settings import Misconfigured, ModelSettings, PodSettings

KEY = bytes(range(32))
PASSWORD = "a-password-of-some-length"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    secrets = tmp_path / "secrets.json"
    write_secrets(secrets, pass_key=base64.b64encode(KEY).decode(), opencode_password=PASSWORD)
    return {
        "OPM_POD_PROJECT": "0197b8f6-0000-7000-8000-00000000000a",
        "OPM_POD_PORT": "3002",
        "OPM_POD_WORKSPACE": str(tmp_path),
        "OPM_POD_OPENCODE_URL": "http://127.0.0.1:3000",
        "OPM_POD_SECRETS_FILE": str(secrets),
    }


def write_secrets(path: Path, **content: object) -> None:
    path.write_text(json.dumps(content))
    path.chmod(0o600)


def test_everything_given(environ: dict[str, str], tmp_path: Path) -> None:
    environ["OPM_POD_ALLOWED_HOSTS"] = "10.0.0.7, Pod.Example"

    settings = PodSettings.read("session", environ)

    assert (settings.port, settings.workspace, settings.pass_key) == (3002, tmp_path, KEY)
    assert settings.opencode_url == "http://127.0.0.1:3000"
    assert settings.allowed_hosts == {"127.0.0.1", "localhost", "::1", "10.0.0.7", "pod.example"}


def test_the_files_sidecar_is_not_given_what_opens_opencode(environ: dict[str, str]) -> None:
    del environ["OPM_POD_OPENCODE_URL"]

    settings = PodSettings.read("files", environ)

    assert settings.opencode_url == ""
    assert settings.opencode_password == ""


def test_secrets_do_not_show_in_a_print(environ: dict[str, str]) -> None:
    shown = repr(PodSettings.read("session", environ))

    assert PASSWORD not in shown
    assert repr(KEY) not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPM_POD_PROJECT", ""),
        ("OPM_POD_PROJECT", "seven"),
        ("OPM_POD_PORT", ""),
        ("OPM_POD_PORT", "0"),
        ("OPM_POD_PORT", "65536"),
        ("OPM_POD_PORT", "²"),
        ("OPM_POD_WORKSPACE", "relative"),
        ("OPM_POD_WORKSPACE", "/nowhere/at/all"),
        ("OPM_POD_OPENCODE_URL", "https://127.0.0.1:3000"),
        ("OPM_POD_OPENCODE_URL", "http://user:pw@127.0.0.1:3000"),
        ("OPM_POD_OPENCODE_URL", "http://127.0.0.1:3000/path"),
        ("OPM_POD_SECRETS_FILE", ""),
        ("OPM_POD_SECRETS_FILE", "/nowhere/at/all"),
    ],
)
def test_what_is_missing_or_wrong_is_named(environ: dict[str, str], name: str, value: str) -> None:
    environ[name] = value

    with pytest.raises(Misconfigured, match=name):
        PodSettings.read("session", environ)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, "pass_key"),
        ({"pass_key": "not base64!"}, "pass_key"),
        ({"pass_key": base64.b64encode(KEY[:31]).decode(), "opencode_password": PASSWORD}, "pass_key"),
        ({"pass_key": base64.b64encode(KEY).decode()}, "opencode_password"),
        ({"pass_key": base64.b64encode(KEY).decode(), "opencode_password": "tiny-pw"}, "opencode_password"),
    ],
)
def test_weak_secrets_are_refused_and_not_repeated(
    environ: dict[str, str], content: dict[str, str], named: str
) -> None:
    write_secrets(Path(environ["OPM_POD_SECRETS_FILE"]), **content)

    with pytest.raises(Misconfigured, match=named) as caught:
        PodSettings.read("session", environ)

    assert not any(value in str(caught.value) for value in content.values())


def test_a_file_of_secrets_that_everybody_can_read_is_refused(environ: dict[str, str]) -> None:
    Path(environ["OPM_POD_SECRETS_FILE"]).chmod(0o644)

    with pytest.raises(Misconfigured, match="0600"):
        PodSettings.read("session", environ)


def test_a_file_of_secrets_that_is_no_object_is_refused(environ: dict[str, str]) -> None:
    Path(environ["OPM_POD_SECRETS_FILE"]).write_text("[]")

    with pytest.raises(Misconfigured, match="object"):
        PodSettings.read("session", environ)


def test_the_model_needs_a_port_and_nothing_else() -> None:
    assert ModelSettings.read({"OPM_POD_PORT": "4000"}) == ModelSettings("127.0.0.1", 4000)
    with pytest.raises(Misconfigured, match="OPM_POD_PORT"):
        ModelSettings.read({})
