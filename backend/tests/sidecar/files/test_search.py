"""Searching a workspace: what is found, what is passed over, and queries that are meant badly."""

import asyncio
import os
import shlex
import shutil
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from opm.sidecar.files.routes import SEARCHES_AT_ONCE
from opm.sidecar.files.search import MOST_HITS
from tests.sidecar.support import Client
from tests.unprivileged import without


async def found(files: Client, query: str, expect: int = 200, **more: str) -> Any:
    rest = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    return await files.json("GET", f"/files/search?query={quote(query, safe='')}{rest}", expect)


async def test_a_hit_says_where_it_is(files: Client, workspace: Path) -> None:
    (workspace / "src" / "é.txt").write_text("one\n\nüben üben\n")

    result = await found(files, "ÜBEN")

    assert result["hits"] == [{"path": "src/é.txt", "line": 3, "column": 1, "text": "üben üben"}]
    assert result["truncated"] is False
    assert (await found(files, "ÜBEN", case_sensitive="true"))["hits"] == []


async def test_a_text_is_taken_as_it_stands_and_a_pattern_as_one(files: Client, workspace: Path) -> None:
    (workspace / "a").write_text("f(x)\nfoo\n")

    assert [hit["line"] for hit in (await found(files, "f(x)"))["hits"]] == [1]
    assert [hit["line"] for hit in (await found(files, "^f.o$", regex="true"))["hits"]] == [2]
    error = (await found(files, "f(", 400, regex="true"))["error"]
    assert error["details"]["reason"] == "pattern"


@pytest.mark.parametrize("query", ["--files", "-e", "--pre=sh", "-uuu"])
async def test_a_query_is_never_an_option(files: Client, workspace: Path, query: str) -> None:
    (workspace / "a").write_text(f"here: {query}\n")

    assert [hit["path"] for hit in (await found(files, query))["hits"]] == ["a"]


async def test_a_folder_is_searched_alone_and_links_lead_nowhere(files: Client, workspace: Path) -> None:
    (workspace / "out").symlink_to("..")
    (workspace / "src" / "out").symlink_to("../../secret.txt")

    assert (await found(files, "SECRET"))["hits"] == []
    assert [hit["path"] for hit in (await found(files, "leaf", path="src/deep"))["hits"]] == ["src/deep/leaf.txt"]
    await found(files, "x", 403, path="out")
    await found(files, "x", 404, path="absent")


async def test_what_git_ignores_is_passed_over_and_hidden_files_are_not(files: Client, workspace: Path) -> None:
    (workspace / ".gitignore").write_text("built/\n")
    (workspace / "built").mkdir()
    (workspace / "built" / "a").write_text("needle")
    (workspace / ".env.example").write_text("needle")
    (workspace / ".git").mkdir()
    (workspace / ".git" / "packed").write_text("needle")

    assert [hit["path"] for hit in (await found(files, "needle"))["hits"]] == [".env.example"]


async def test_names_that_are_no_text_are_found_by_their_text_form(files: Client, workspace: Path) -> None:
    (workspace / os.fsdecode(b"bad\xff.txt")).write_text("needle")

    for kind in ("name", "content"):
        (hit,) = (await found(files, "bad" if kind == "name" else "needle", kind=kind))["hits"]
        assert hit["path"] == "bad\uefff.txt"


async def test_too_many_hits_are_cut_short(files: Client, workspace: Path) -> None:
    (workspace / "many").write_text("needle\n" * (MOST_HITS + 50))

    result = await found(files, "needle")

    assert len(result["hits"]) == MOST_HITS
    assert result["truncated"] is True


async def test_a_long_line_is_shown_around_its_hit(files: Client, workspace: Path) -> None:
    (workspace / "min.js").write_text("x" * 500_000 + "needle" + "y" * 500_000)

    (hit,) = (await found(files, "needle"))["hits"]

    assert hit["column"] == 500_001
    assert "needle" in hit["text"]
    assert len(hit["text"]) <= 300


@pytest.mark.parametrize(
    "rest", ["query=", "query=x&kind=other", "query=x&regex=1", f"query={'x' * 1001}", "kind=name"]
)
async def test_questions_that_make_no_sense(files: Client, rest: str) -> None:
    await files.json("GET", f"/files/search?{rest}", 400)


async def test_names_are_found_by_pattern(files: Client) -> None:
    named = await files.json("GET", "/files/search?query=%5Esrc/.*%5C.py$&regex=true&kind=name")
    assert [hit["path"] for hit in named["hits"]] == ["src/main.py"]
    assert (await files.json("GET", "/files/search?query=%5Emain&regex=true&kind=name"))["hits"] == []
    error = await files.refused("GET", "/files/search?query=(&regex=true&kind=name", 400)
    assert error["details"]["reason"] == "pattern"


@pytest.mark.parametrize("regex", ["true", "false"])
@pytest.mark.parametrize("kind", ["content", "name"])
async def test_what_cannot_be_read_is_passed_over(
    files: Client, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, regex: str
) -> None:
    (workspace / "closed").mkdir(mode=0o000)
    (workspace / "shut").touch(mode=0o000)
    ripgrep = shutil.which("rg")
    assert ripgrep is not None
    (tmp_path / "tools").mkdir()
    program = tmp_path / "tools" / "rg"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*without("dac_override", "dac_read_search"), ripgrep])} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")

    assert (await found(files, "needle", kind=kind, regex=regex))["hits"] == []
    (workspace / "needle").write_text("needle")
    assert [hit["path"] for hit in (await found(files, "needle", kind=kind, regex=regex))["hits"]] == ["needle"]


async def test_many_searches_at_once_are_made_two_by_two(
    files: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ripgrep tells when it began and ended."""
    tools, log = tmp_path / "tools", tmp_path / "log"
    tools.mkdir()
    program = tools / "rg"
    program.write_text(f"#!/bin/sh\necho +1 >> {log}\nsleep 0.2\necho -1 >> {log}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    await asyncio.gather(*(files.json("GET", "/files/search?query=x") for _ in range(6)))
    steps = [int(line) for line in log.read_text().splitlines()]
    assert len(steps) == 12
    assert max(accumulate(steps)) == SEARCHES_AT_ONCE
