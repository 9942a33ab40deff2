"""A project of the running product in which every operation finds something to work on, made anew where used up."""

import contextlib
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.e2e.served import Client, Project, Served, wait_for

ONE_FOR_EACH_CASE = frozenset({"delete_session", "delete_task", "delete_template", "delete_token"})
DESTROYS_PROJECTS = frozenset({"delete_project", "archive_project"})


@dataclass
class Grounds:
    served: Served
    client: Client
    project: Project
    ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Of things that are there, by the name that paths give them."""

    @classmethod
    def lay(cls, served: Served) -> "Grounds":
        client = served.client()
        made = client.call("POST", "/projects", {"name": "Tea timer", "sample": True})
        grounds = cls(served, client, Project(client, made["slug"]))
        path = grounds.project.path
        done = grounds.project.card("Write a note", "write note.txt Tea", "next", "say Written.")
        done.execute()
        done.until("ai_review", 90)
        asking = grounds.project.card("Ask first", "run echo tea", "next", "say Done.")
        asking.execute()
        ask = asking.ask(60)
        queued = client.call("POST", f"{asking.path}/interactions", {"message": "And stir"})
        template = client.call("POST", f"{path}/templates", {"name": "Bug", "title": "Fix it"})
        terminal = client.call("POST", f"{path}/terminals", {"title": "one"})
        sessions = client.call("GET", f"{path}/sessions")["items"]
        grounds.ids = {
            "project": [made["slug"], made["id"]],
            "task": [done.id, asking.id],
            "session": [session["id"] for session in sessions if session["task_id"] == done.id],
            "interaction": [ask["id"], queued["id"]],
            "template": [template["id"]],
            "terminal": [terminal["id"]],
            "version": ["1"],
            "user": [client.call("GET", "/auth/me")["user"]["id"]],
            "token": [client.call("POST", "/auth/tokens", {"name": "one"})["token"]["id"]],
            "sign_in": [],
        }
        return grounds

    def known(self, operation: str, name: str) -> list[str]:
        """Ids that an operation may be given; what it destroys is never what the others need."""
        if name == "project" and operation in DESTROYS_PROJECTS:
            return [self.client.call("POST", "/projects", {"name": "Short life"})["slug"]]
        if name == "task" and operation == "delete_task":
            return [self.project.card("Short life").id]
        if name == "template" and operation == "delete_template":
            return [
                self.client.call("POST", f"{self.project.path}/templates", {"name": f"Short life {uuid4().hex}"})["id"]
            ]
        if name == "token" and operation == "delete_token":
            return [self.client.call("POST", "/auth/tokens", {"name": "Short life"})["token"]["id"]]
        if name == "session" and operation == "delete_session":
            return [self._ended_run()]
        if name == "task" and operation == "stream_output":
            return self.ids["task"][:1]  # the other one waits for an answer, and its output does not end
        return self.ids[name]

    def _ended_run(self) -> str:
        """Of a card of its own; taken back before, or just after, the agent began with it."""
        card = self.project.card("Short life", "say Done.")
        run: str = card.execute()["id"]
        with contextlib.suppress(AssertionError):  # it may be over by itself
            self.client.call("POST", f"{card.path}/cancel")
        path = f"{self.project.path}/sessions/{run}"
        wait_for(lambda: self.client.call("GET", path)["execution_end_at"], 30, "the end of a run")
        return run

    def tidy(self) -> None:
        """As after `lay`: what the cases of one operation changed must not starve the next one's."""
        with contextlib.suppress(AssertionError):  # refused while the agent is at work: then it is as it was
            self.client.call("POST", f"{self.project.path}/restore")
        self.client.call("POST", f"{self.project.path}/config/versions/1/activate")
        terminals = f"{self.project.path}/terminals"
        # its pod may have been stopped, and is started by the first who asks for something of it
        wait_for(lambda: self.client.http.get(terminals).is_success or None, 60, "the pod")
        for terminal in self.client.call("GET", terminals):
            if terminal["id"] not in self.ids["terminal"]:
                self.client.http.delete(f"{terminals}/{terminal['id']}")

        for token in self.client.call("GET", "/auth/tokens?limit=200")["items"]:
            if token["id"] not in self.ids["token"]:
                self.client.http.delete(f"/auth/tokens/{token['id']}")

    def headers(self) -> dict[str, str]:
        authorization: Any = self.client.http.headers["Authorization"]
        return {"Authorization": str(authorization)}
