"""A project made of a private repository: a real server, a real pod, a real git on both ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import Project, Served, wait_for
from tests.gitserver import GitServer, git, repository, serving

pytestmark = [pytest.mark.slow, pytest.mark.opencode, pytest.mark.timeout(240)]

TOKEN = "ghp_0123456789_secret"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitServer]:
    with serving(tmp_path / "hub") as server:
        server.publish(repository(tmp_path / "work"))
        server.sign_in = f"git:{TOKEN}"
        yield server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path, OPM_GIT__ALLOWED_HOSTS='["127.0.0.1"]')
    try:
        server.start()
        yield server
    finally:
        server.end()


def made_of(served: Served, **source: Any) -> Project:
    client = served.client()
    return Project(client, client.call("POST", "/projects", {"name": "Tea", "git": source})["slug"])


def until(project: Project, state: str) -> Any:
    def look() -> Any:
        found = project.client.call("GET", project.path)
        return found if found["workspace_state"] == state else None

    return wait_for(look, 60, f"a workspace that is {state}")


def traces(folder: Path) -> list[Path]:
    """Files that hold the token."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_a_private_repository_is_cloned_and_worked_on(served: Served, hub: GitServer) -> None:
    project = made_of(served, url=hub.url(), ref="next", token=TOKEN)
    card = project.card("Brew", "write brewed.txt done", "next", "say Done.")
    card.execute()
    found = until(project, "ready")
    assert not found["git_credential_set"]
    card.until("ai_review")
    (workspace,) = served.data.glob("pods/*/workspace")
    assert {path.name for path in workspace.iterdir()} == {".git", "README.md", "src", "next.txt", "brewed.txt"}
    assert git(workspace, "log", "--format=%s") == "second\nfirst"
    diff = project.client.call("GET", f"{card.path}/diff")
    assert "brewed.txt" in str(diff), "OpenCode saw the repository"
    assert "next.txt" not in str(diff)
    assert hub.authorizations[-1].startswith("Basic ")
    assert traces(served.data.parent / "data") == []
    assert TOKEN not in served.log.read_text()


def test_a_wrong_token_is_told_and_made_good(served: Served, hub: GitServer) -> None:
    project = made_of(served, url=hub.url(), token="wrong")
    assert "sign-in" in until(project, "failed")["workspace_reason"]
    project.client.call("POST", f"{project.path}/workspace/retry", {"token": TOKEN})
    until(project, "ready")
    tree = project.client.call("GET", f"{project.path}/files/tree")
    assert [entry["name"] for entry in tree["entries"]] == [".git", "src", "README.md"]


def test_a_server_that_was_killed_clones_anew(served: Served, hub: GitServer) -> None:
    killed: list[bool] = []

    def kill_once() -> None:
        if not killed:
            killed.append(True)
            served.kill()

    hub.meanwhile = kill_once
    project = made_of(served, url=hub.url(), token=TOKEN)
    wait_for(lambda: killed, 40, "a clone at work")
    served.start()
    project = Project(served.client(), project.slug)
    until(project, "ready")
    (workspace,) = served.data.glob("pods/*/workspace")
    assert {path.name for path in workspace.iterdir()} == {".git", "README.md", "src"}
