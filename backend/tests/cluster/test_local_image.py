"""What compose runs: the controller with its agents as processes of its container, under a number without rights."""

import json

import pytest

from tests.cluster.kubectl import Kubectl
from tests.cluster.pods import container, empty, pod

pytestmark = pytest.mark.timeout(420)

DATA, TMP = empty("data", "/var/lib/opm"), empty("tmp", "/tmp")

# Inside of the container, where nothing of the tests is.
STORY = """
import json, subprocess, time, urllib.request

def call(method, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers |= {"Content-Type": "application/json"}
    asked = urllib.request.Request("http://127.0.0.1:8400/api" + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)

def until(what, seconds=120):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)
    return found

said = subprocess.run(["opm", "launch-url"], check=True, capture_output=True, text=True).stdout
token = said.strip().rpartition("#")[2]
signed_in = call("POST", "/auth/launch", {"token": token}, **{"X-OPM-Client": "api"})
as_me = {"Authorization": "Bearer " + signed_in["access_token"]}
project = call("POST", "/projects", {"name": "Tea"}, **as_me)["slug"]
card = {"title": "Brew", "description": "demo: write tea.txt Hot\\ndemo: next\\ndemo: say Done"}
task = call("POST", f"/projects/{project}/tasks", card, **as_me)["id"]
call("POST", f"/projects/{project}/tasks/{task}/execute", **as_me)
place = f"/projects/{project}/tasks/{task}"
run = until(lambda: (found := call("GET", place, **as_me)) and found["status"] != "in_progress" and found)
pod = call("GET", f"/projects/{project}/pod", **as_me)
print(json.dumps({"status": run["status"], "reason": (run["run"] or {}).get("reason"), "pod": pod}))
"""


@pytest.fixture(scope="module")
def local(space: Kubectl) -> Kubectl:
    environ = [{"name": "OPM_HOST", "value": "127.0.0.1"}, {"name": "OPM_PORT", "value": "8400"}]
    listening = {
        "exec": {
            "command": ["/opt/opm/bin/python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8400))"]
        }
    }
    served = container("controller", "opm-local", env=environ, volumeMounts=[DATA[1], TMP[1]], readinessProbe=listening)
    space.apply(pod("local", served, volumes=[DATA[0], TMP[0]], uid=10_001))
    space.wait_ready("local", 120)
    return space


def test_a_card_is_executed_in_the_container_of_compose(local: Kubectl) -> None:
    try:
        said = local.execute("local", "/opt/opm/bin/python", "-", stdin=STORY)
    finally:
        log = local.logs("local")
    found = json.loads(said.splitlines()[-1])
    assert (found["status"], found["reason"]) == ("ai_review", None), log
    assert found["pod"]["phase"] == "running", found


def test_ssh_finds_a_name_for_its_user(local: Kubectl) -> None:
    assert "hostname example.org" in local.execute("local", "ssh", "-G", "example.org")
