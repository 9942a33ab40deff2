"""How the cluster is found: by the account of the pod we run in, or by a kubeconfig."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from opm.server.core.errors import RuntimeFault
from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.kubernetes.credentials import find_cluster, reread


def a_kubeconfig(folder: Path, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> Path:
    file = folder / "config"
    content = {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": "http://127.0.0.1:8001/", **(cluster or {})}}],
        "users": [{"name": "me", "user": user}],
    }
    file.write_text(yaml.safe_dump(content))
    return file


def settings(file: Path, **more: Any) -> KubernetesSettings:
    return KubernetesSettings(kubeconfig=file, **more)


def test_a_kubeconfig_names_server_and_token(tmp_path: Path) -> None:
    found = find_cluster(settings(a_kubeconfig(tmp_path, {"token": "a-token"})))
    assert (found.server, found.token()) == ("http://127.0.0.1:8001", "a-token")


def test_the_environment_names_a_kubeconfig_where_no_setting_does(tmp_path: Path) -> None:
    file = a_kubeconfig(tmp_path, {})
    assert find_cluster(KubernetesSettings(), {"KUBECONFIG": str(file)}, tmp_path / "none").token() is None


@pytest.mark.parametrize(
    ("user", "cluster", "words"),
    [
        ({"exec": {"command": "aws"}}, {}, "starts a program to sign in"),
        ({}, {"server": "https://x", "insecure-skip-tls-verify": True}, "does not check"),
        ({}, {"server": "https://x", "certificate-authority-data": base64.b64encode(b"no").decode()}, "not a kubec"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, user: Any, cluster: Any, words: str) -> None:
    with pytest.raises(RuntimeFault, match=words):
        find_cluster(settings(a_kubeconfig(tmp_path, user, cluster)))


def test_an_unknown_context_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="'other' is not among its contexts"):
        find_cluster(settings(a_kubeconfig(tmp_path, {}), context="other"))
    with pytest.raises(RuntimeFault, match="cannot be read"):
        find_cluster(settings(tmp_path / "none"))


def test_a_token_that_is_written_anew_is_read_again(tmp_path: Path) -> None:
    file, now = tmp_path / "token", 0.0
    file.write_text("first\n")
    token = reread(file, lambda: now)
    assert token() == "first"
    file.write_text("second\n")
    assert token() == "first"
    now = 61.0
    assert token() == "second"
