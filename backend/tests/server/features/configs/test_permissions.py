"""Agents that only look stay so, whatever is allowed to all."""

from typing import Any

import pytest

from opm.server.features.configs import permissions


def built_in(name: str, tools: dict[str, bool] | None = None, **chosen: Any) -> dict[str, Any]:
    found: dict[str, Any] = permissions.of_built_in(permissions.of_all(chosen, tools or {}))[name]["permission"]
    return found


@pytest.mark.parametrize("name", ["plan", "explore"])
def test_who_only_looks_writes_nothing_and_calls_nobody_who_does(name: str) -> None:
    found = built_in(name, edit="allow", bash="allow", task="allow")
    assert found["edit"] == "deny"
    assert found["bash"] == permissions.SAFE["bash"]
    assert found["task"] == {"*": "deny", "explore": "allow"}


def test_what_is_denied_to_all_is_denied_to_who_only_looks() -> None:
    found = built_in("plan", {"task": False}, bash="deny")
    assert (found["bash"], found["task"]) == ("deny", "deny")
    assert built_in("plan", task="ask")["task"] == {"*": "deny", "explore": "ask"}
    assert built_in("plan", bash="ask")["bash"] == "ask"


def test_commands_that_people_allow_are_asked_for_by_who_only_looks() -> None:
    rules = [
        {"pattern": "git *", "action": "allow"},
        {"pattern": "git push *", "action": "deny"},
    ]
    asked = [("*", "ask"), ("git *", "ask"), ("git push *", "deny")]
    assert list(built_in("plan", bash=rules)["bash"].items()) == asked


@pytest.mark.parametrize("name", ["compaction", "title", "summary"])
def test_who_only_writes_titles_and_summaries_has_no_tools(name: str) -> None:
    assert built_in(name, bash="allow", read="allow") == {"*": "deny"}
