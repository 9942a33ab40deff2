"""Controllers are replaced one by one under people's hands: no request fails, and no stream misses anything."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from tests.cluster.deployment import CONTROLLER, Deployment, User
from tests.cluster.streams import Asker, BoardReader, OutputReader, Reader
from tests.e2e.served import wait_for, words

pytestmark = pytest.mark.timeout(900)
WORDS, RATE = 2400, 20
"""Of one run: it outlasts what is done to the controllers."""
STARTED_BY = 240


def test_controllers_are_replaced_during_runs_and_streams(
    deployment: Deployment, alice: User, record_property: Callable[[str, object], None]
) -> None:
    client = alice.client()
    project = client.project("Rolling")
    project_id = project.id
    made: list[str] = []
    readers: list[Reader] = []

    def read(http: httpx.Client) -> httpx.Response:
        return http.get(f"{project.path}/tasks")

    def make(http: httpx.Client) -> httpx.Response:
        answer = http.post(f"{project.path}/tasks", json={"title": f"Card {len(made)}"})
        if answer.is_success:
            made.append(answer.json()["id"])
        return answer

    try:
        card = project.card("Long", f"stream {WORDS} {RATE}")
        card.execute()
        card.until_said("t00010", STARTED_BY)
        output, board = OutputReader(card), BoardReader(alice, project_id)
        askers = [
            Asker(read, alice, keep=False, rate=8),
            Asker(read, alice, keep=True, rate=4),
            Asker(make, alice, keep=False, rate=2),
        ]
        readers += [output, board, *askers]
        board.start()
        assert board.listening.wait(30)
        for reader in (output, *askers):
            reader.start()
        before = _pods(deployment)
        begun = time.monotonic()
        deployment.kubectl.run("rollout", "restart", CONTROLLER)
        deployment.rolled_out()
        wait_for(lambda: len(_pods(deployment)) == 2, 120, "the end of the old controllers")
        took = time.monotonic() - begun
        assert not before & _pods(deployment), "all of them are new"
        assert card.get()["status"] == "in_progress", "the run went on meanwhile, and goes on"
        time.sleep(5)
        for asker in askers:
            asker.end()
        board.expect(made, 60)
        board.end()
        card.until("ai_review", 300)
        output.join(60)
        output.end()
    finally:
        for reader in readers:
            reader.stopped.set()
        client.call("DELETE", project.path)

    figures = {
        "rollout_seconds": round(took, 1),
        "requests": sum(asker.answers for asker in askers),
        "cards": len(made),
        "output_connects": output.connects,
        "board_connects": board.connects,
        "board_resets": board.resets,
        "rows": len(output.rows),
    }
    for name, figure in figures.items():
        record_property(name, figure)
    assert [asker.failures for asker in askers] == [[], [], []]
    assert board.connects > 1, "it had to come back"
    assert output.connects > 1
    numbers = [row.number for row in output.rows]
    assert numbers == sorted(set(numbers)), "nothing is told twice"
    said = re.findall(r"t(\d{5})", words(output.rows))
    assert [int(number) for number in said] == list(range(1, WORDS + 1))


def _pods(deployment: Deployment) -> set[str]:
    found = deployment.kubectl.items("pods", "-l", "app.kubernetes.io/name=opm-controller")
    return {one["metadata"]["uid"] for one in found}
