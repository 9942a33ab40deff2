"""What an agent that may run commands reaches on one machine, and what it does not: SECURITY.md says the same.

The agent itself looks, by a program that it runs with a permission given. Each statement of the document about one
machine has its line here, also those that nothing is refused: when one changes, so must the other.
"""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.model import model_server
from tests.e2e.served import Project, Served
from tests.unprivileged import unseeing

pytestmark = [pytest.mark.slow, pytest.mark.opencode, pytest.mark.timeout(180)]

PROBE = Path(__file__).parent / "programs" / "probe.py"
FORGED = {"Authorization": "Bearer e30.e30.e30"}


class Seen:
    """What the probe found, and what the test had planted."""

    def __init__(self, found: dict[str, Any], marker: str, address: str, launch: str, served: Served) -> None:
        self.found = found
        self.marker = marker
        self.address = address
        self.launch = launch
        self.served = served

    @property
    def answers(self) -> dict[str, Any]:
        return self.found["answers"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    home = tmp_path_factory.mktemp("surroundings")
    marker = f"zebra{secrets.token_hex(12)}"
    address = f"sqlite+aiosqlite:///{home / 'data' / 'opm.db'}"
    served = Served(home, under=unseeing(), OPM_TEST_MARKER=marker, OPM_DATABASE__URL=address)
    try:
        served.start()
        yield Seen(probed(served), marker, address, served.launch_token, served)
    finally:
        served.end()


def probed(served: Served) -> dict[str, Any]:
    assert served.process is not None
    project = served.client().project("Surroundings")
    workspace = project.workspace(served)
    ask = {
        "data_dir": str(served.data),
        "controller": served.process.pid,
        "requests": requests(served, project),
        "own_opencode": requests(served, project)["opencode"][0],
    }
    put(project, "ask.json", json.dumps(ask))
    put(project, "probe.py", PROBE.read_text())
    card = project.card("Look around", "run python3 probe.py", "next", "say Looked.")
    card.execute()
    card.answer(card.ask(), reply="once")
    card.until("ai_review")
    return json.loads((workspace / "found.json").read_text())


def put(project: Project, path: str, content: str) -> None:
    body = {"path": path, "content": content, "overwrite": True}
    project.client.call("POST", f"{project.path}/files/write", body)


def requests(served: Served, project: Project) -> dict[str, tuple[str, dict[str, str]]]:
    (pod,) = served.pods()
    ports = {name: f"http://127.0.0.1:{part['port']}" for name, part in pod["parts"].items()}
    files, session, opencode = ports["files"], ports["session"], ports["opencode"]
    api = f"{served.url}/api"
    return {
        "api me": (f"{api}/auth/me", {}),
        "api projects": (f"{api}/projects", {}),
        "api own project": (f"{api}{project.path}", {}),
        "api forged": (f"{api}/projects", FORGED),
        "api cookie": (f"{api}/projects", {"Cookie": "opm_session=e30.e30.e30"}),
        "files": (f"{files}/files/tree", {}),
        "files forged": (f"{files}/files/tree", FORGED),
        "files unknown": (f"{files}/nothing", {}),
        "session": (f"{session}/session", {}),
        "session forged": (f"{session}/session", FORGED),
        "opencode": (f"{opencode}/session", {}),
        "opencode configuration": (f"{opencode}/config", {}),
        "opencode wrong": (f"{opencode}/session", {"Authorization": "Basic b3BlbmNvZGU6d3Jvbmc="}),
        "health files": (f"{files}/health", {}),
        "health session": (f"{session}/health", {}),
    }


def assert_stated(words: str) -> None:
    """In the document, wherever its lines break."""
    document = (Path(__file__).resolve().parents[3] / "SECURITY.md").read_text()
    assert words in re.sub(r"\s+", " ", document)


def test_every_door_is_shut_without_a_pass(seen: Seen) -> None:
    open_doors = {"health files": 200, "health session": 200}
    assert seen.answers == {name: open_doors.get(name, 401) for name in seen.answers}
    assert len(seen.answers) == 15


def test_the_agent_has_nothing_of_the_controllers_environment(seen: Seen) -> None:
    environment = seen.found["environment"]
    assert environment["OPM_POD"], "it looked from inside the pod"
    assert [name for name in environment if name.startswith("OPM_")] == ["OPM_POD"]
    assert [value for value in environment.values() if seen.marker in value or seen.address in value] == []


def test_no_process_shows_a_secret_of_the_controller(seen: Seen) -> None:
    """The controller hides its own; its children never had it."""
    assert seen.served.process is not None
    shown = seen.found["processes"]
    controller = shown.pop(str(seen.served.process.pid))
    assert controller["environ"] is None
    assert "serve" in controller["cmdline"]
    assert len([one for one in shown.values() if "OPM_POD=" in (one["environ"] or "")]) >= 3, "the pod was looked at"
    text = json.dumps([controller, *shown.values()])
    for secret in (seen.marker, seen.address, seen.launch):
        assert secret not in text


def test_no_argument_of_a_process_is_a_secret(seen: Seen) -> None:
    own = seen.found["environment"].get("OPENCODE_SERVER_PASSWORD")
    keys = [json.loads(Path(path).read_text()) for path in seen.found["passes"]]
    lines = " ".join(one["cmdline"] or "" for one in seen.found["processes"].values())
    for secret in filter(None, (own, *(value for key in keys for value in key.values()))):
        assert secret not in lines


def test_what_is_not_refused_on_one_machine(seen: Seen) -> None:
    """Same account, same files. SECURITY.md says so, and has to change when this does."""
    assert seen.found["database"] == "SQLite format 3"
    assert seen.found["key_file"] is True
    assert len(seen.found["passes"]) == 1, "with these, passes of its pod can be made"
    for what in ("the database", "the key file", "the keys of passes"):
        assert_stated(f"can read {what}")


def test_the_password_of_its_own_opencode_is_the_agents(seen: Seen) -> None:
    """So that a command that was allowed can allow the next ones."""
    assert seen.found["own_opencode"] == 200
    assert_stated("With that password, one command that was allowed can allow the next ones")


def test_the_provider_key_is_in_the_agents_environment_and_not_in_the_log(seen: Seen) -> None:
    key = f"zebra-{secrets.token_hex(12)}"
    client = seen.served.client()
    project = client.project("Own provider")
    with model_server() as address:
        body = {"provider": "openai-compatible", "model": "demo", "base_url": address, "api_key": key}
        client.call("PUT", f"{project.path}/config", body)
        card = project.card("Print", "run printenv OPM_PROVIDER_KEY > printed.txt", "next", "say Printed.")
        card.execute()
        card.answer(card.ask(), reply="once")
        card.until("ai_review")
    assert (project.workspace(seen.served) / "printed.txt").read_text().strip() == key
    assert key not in seen.served.log.read_text()
    assert_stated("has the provider key of its project and the password of its own OpenCode in its environment")


def test_the_log_has_neither_the_planted_words_nor_secrets(seen: Seen) -> None:
    log = seen.served.log.read_text()
    (keys,) = [json.loads(Path(path).read_text()) for path in seen.found["passes"]]
    ring = (seen.served.data / "secret.keys").read_text().split()
    assert '"level": "info"' in log, "something was logged"
    for secret in (seen.marker, seen.address, *keys.values(), *(word for word in ring if len(word) > 30)):
        assert secret not in log
