"""A project in which every operation can be asked for, and what has to be said to each."""

import asyncio
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from opm.server.core.actor import Actor
from opm.server.core.errors import ErrorType
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.schemas import Verdict
from opm.server.features.tasks.templates import NewTemplate
from tests.builders import World
from tests.fakes.files import FakeFiles
from tests.fakes.terminals import FakeTerminals


@functools.cache
def document() -> dict[str, Any]:
    """The committed one, which is read at once; a test sees to it that the application says the same of itself."""
    return json.loads((Path(__file__).parents[3] / "openapi.json").read_text())


@dataclass(frozen=True)
class Call:
    """What the owner says and hears."""

    status: int = 200
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict[str, Any])
    content: bytes | None = None
    """Sent as it is, instead of a body of JSON."""
    task: str = "todo"
    """Which of the project's cards."""


FILE = {"path": "a.txt", "content": "new", "overwrite": True}
CALLS: dict[str, Call] = {
    "get_project": Call(),
    "update_project": Call(body={"name": "Renamed"}),
    "delete_project": Call(204),
    "archive_project": Call(409),  # the agent is at work in it
    "restore_project": Call(),
    "list_templates": Call(),
    "create_template": Call(201, body={"name": "Other"}),
    "update_template": Call(body={"title": "Steps"}),
    "delete_template": Call(204),
    "start_project": Call(202),
    "retry_workspace": Call(409, body={}),  # it did not fail
    "stop_project": Call(409),  # the agent is at work in it
    "get_pod": Call(),
    "get_pod_logs": Call(query={"part": "opencode"}),
    "list_audit": Call(),
    "export_audit": Call(query={"format": "jsonl"}),
    "get_config": Call(),
    "save_config": Call(body={"provider": "demo", "model": "scripted"}),
    "list_config_versions": Call(),
    "get_config_version": Call(),
    "compare_configs": Call(query={"from": 1, "to": 1}),
    "get_config_state": Call(),
    "list_models": Call(),
    "test_config": Call(body={"provider": "demo", "model": "scripted"}),
    "activate_config": Call(),
    "get_tree": Call(),
    "get_content": Call(query={"path": "a.txt"}),
    "upload_file": Call(query={"path": "big.bin"}, content=b"bytes"),
    "get_archive": Call(),
    "search_files": Call(query={"query": "old"}),
    "get_original": Call(query={"path": "a.txt"}),
    "write_file": Call(body=FILE),
    "make_directory": Call(201, body={"path": "src"}),
    "rename_file": Call(204, body={"path": "a.txt", "to": "b.txt"}),
    "delete_file": Call(204, query={"path": "a.txt"}),
    "list_terminals": Call(),
    "create_terminal": Call(201, body={"title": "one"}),
    "update_terminal": Call(body={"title": "two"}),
    "close_terminal": Call(204),
    "list_sessions": Call(),
    "get_session": Call(),
    "export_session": Call(),
    "rerun_session": Call(202, body={"config": "same"}),
    "delete_session": Call(204),
    "list_tasks": Call(),
    "list_deleted_tasks": Call(),
    "change_tasks": Call(body={"ids": [str(UUID(int=1))], "action": "delete"}),
    "create_task": Call(201, body={"title": "More"}),
    "get_task": Call(),
    "update_task": Call(body={"title": "Other"}),
    "delete_task": Call(204),
    "move_task": Call(body={"status": "done"}, task="review"),
    "list_task_events": Call(),
    "list_task_sessions": Call(task="review"),
    "execute_task": Call(202),
    "cancel_task": Call(202, task="working"),
    "stream_output": Call(task="review"),
    "get_diff": Call(task="review"),
    "list_interactions": Call(task="working"),
    "send_feedback": Call(202, body={"message": "Go on"}, task="review"),
    "send_queued": Call(409, task="review"),  # nothing is queued
    "edit_queued": Call(409, body={"message": "Else"}, task="working"),  # an ask is no message
    "withdraw_queued": Call(409, task="working"),
    "answer_permission": Call(202, body={"reply": "once"}, task="working"),
    "answer_question": Call(202, body={"answers": [["Green"]]}, task="working"),
}


@dataclass(frozen=True)
class Room:
    """`asks` are by kind, `tasks` by what they are for."""

    world: World
    owner: Actor
    project: ProjectSummary
    tasks: dict[str, UUID]
    session: UUID
    template: UUID
    asks: dict[str, UUID]

    def path(self, template: str, name: str, *, project: str | None = None, **other: Any) -> str:
        ask = self.asks["question" if "questions" in template else "permission"]
        names = {
            "project": project or str(self.project.id),
            "task": self.tasks[CALLS[name].task],
            "session": self.session,
            "template": self.template,
            "interaction": ask,
            "version": 1,
            "terminal": "pty_1",
            "user": self.owner.user_id,
            "sign_in": self.owner.auth_session,
            "token": UUID(int=1),
        }
        return template.removeprefix("/api").format(**(names | other))


async def furnish(world: World) -> Room:
    ann = await world.person("ann")
    project = await world.project(ann)
    todo, review, working = [(await world.task(ann, project, title)).id for title in ("Todo", "Review", "Working")]
    done = await world.done(ann, project, review, verdict=Verdict.FAILED, reason="no")
    claim = await world.working(ann, project, working)
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.PERMISSION, "per_1", {"permission": "bash"}))
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.QUESTION, "que_1", {"questions": []}))
    asks = await world.do(lambda s: s.runs.open_asks(claim), write=False)
    await world.do(lambda s: s.workspaces.start(ann, project.slug))
    await world.runtime.ensure(await world.do(lambda s: s.workspaces.spec(project.id), write=False))
    await asyncio.sleep(0.01)
    world.clients.workspaces[project.id] = FakeFiles({"a.txt": b"old"}, committed={"a.txt": b"older"})
    world.clients.shells[project.id] = FakeTerminals("pty_1")
    template = await world.do(lambda s: s.templates.create(ann, project.slug, NewTemplate(name="Bug")))
    tasks = {"todo": todo, "review": review, "working": working}
    return Room(
        world,
        ann,
        project,
        tasks,
        done.session_id,
        template.id,
        {"permission": asks["per_1"], "question": asks["que_1"]},
    )


def fault(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error that an answer carries, which must be whole and in the form that was promised."""
    assert answer.status_code == status, (answer.request.method, str(answer.request.url), answer.text)
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "status", "details", "request_id"}
    assert error["status"] == status
    assert error["type"] in set(ErrorType)
    assert error["message"].strip()
    assert error["request_id"] == answer.headers["x-request-id"]
    return error
