"""A run as a Markdown document. Whatever was said in it stays text: nothing can break out of its quote or fence."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from opm.server.core.markdown import fenced, plain, quoted
from opm.server.features.interactions.schemas import Interaction
from opm.server.features.sessions.schemas import Session


class Transcript:
    """Takes the numbered output of a run in, in order, and then tells it."""

    def __init__(self, run: Session, said: list[Interaction]) -> None:
        self._run = run
        self._said = {str(row.id): row for row in said}
        self._items: dict[str, dict[str, Any]] = {}
        self._errors = 0

    def take(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "output":
            item = self._items.setdefault(event["part_id"], {**event, "data": []})
            item["data"].append(event["data"])
        elif kind == "tool":
            self._items[event["part_id"]] = event
        elif kind == "snapshot":
            self._replace(event["parts"])
        elif kind == "ask":
            self._items[event["interaction_id"]] = event
        elif kind == "child":
            self._items[f"child {event['child']}"] = event
        elif kind == "error":
            self._errors += 1
            self._items[f"error {self._errors}"] = event

    def _replace(self, parts: list[dict[str, Any]]) -> None:
        """What was told of texts and tools before, in the places where it stood; what is new comes last."""
        known = {part["part_id"] for part in parts}
        for key, item in [*self._items.items()]:
            if item["type"] not in ("output", "tool"):
                continue
            if key in known:
                self._items[key] = {**item, "data": []}
            else:
                del self._items[key]
        for part in parts:
            self.take(part)

    def pieces(self) -> Iterator[str]:
        yield f"# {plain(self._run.task_title)}\n\n"
        for name, value in self._facts():
            yield f"- {name}: {plain(value)}\n"
        yield f"\n## Prompt\n\n{fenced(self._run.prompt)}\n## Transcript\n\n"
        told: set[str] = set()
        for item in self._items.values():
            child = item.get("child")
            if child is None:
                yield from self._told(item, "###")
            elif child not in told:
                told.add(child)
                yield from self._sub_agent(child)

    def _facts(self) -> Iterator[tuple[str, str]]:
        run = self._run
        yield "Run", str(run.id)
        yield "State", run.verdict or run.status
        if run.reason:
            yield "Reason", run.reason
        yield "Configuration", f"version {run.config_version}"
        for name, moment in (("Started", run.execution_start_at), ("Ended", run.execution_end_at)):
            if moment is not None:
                yield name, moment.isoformat()
        yield "Tokens", ", ".join(f"{name} {count}" for name, count in run.tokens.model_dump().items())
        yield "Cost", f"{run.cost:.4f} USD"
        for child in run.children:
            yield f"Sub-agent {plain(child.title)}", f"{child.state}, {child.cost:.4f} USD"

    def _sub_agent(self, child: str) -> Iterator[str]:
        title = self._items.get(f"child {child}", {}).get("title") or "without a title"
        yield f"### Sub-agent: {plain(title)}\n\n"
        for item in self._items.values():
            if item.get("child") == child and item["type"] != "child":
                yield from self._told(item, "####")

    def _told(self, item: Mapping[str, Any], level: str) -> Iterator[str]:
        kind = item["type"]
        if kind == "output":
            who = "Thought" if item.get("kind") == "reasoning" else "Agent"
            yield f"{level} {who}\n\n{quoted(''.join(item['data']))}\n"
        elif kind == "tool":
            yield f"{level} Tool {plain(item['tool'])}: {plain(item['state'])}\n\n"
            if item.get("input"):
                yield fenced(json.dumps(item["input"], indent=2, ensure_ascii=False), "json")
            for part in ("output", "error"):
                if item.get(part):
                    yield f"{part.capitalize()}:\n\n{fenced(item[part])}"
        elif kind == "ask":
            yield from self._asked(item["interaction_id"])
        else:
            yield f"### Error: {plain(item['name'])}\n\n{quoted(item['message'])}\n"

    def _asked(self, interaction_id: str) -> Iterator[str]:
        if row := self._said.get(interaction_id):
            yield f"### Asked: {row.kind}\n\n"
            yield fenced(json.dumps(row.request, indent=2, ensure_ascii=False), "json")
            yield f"Answer: {plain(row.user_prompt or row.state)}\n\n"
