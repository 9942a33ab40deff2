"""The house, checked: who may import whom, how large things may grow, and habits no linter knows."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

BACKEND = Path(__file__).resolve().parent.parent
PACKAGE = BACKEND / "opm"
TESTS = BACKEND / "tests"
GENERATED = PACKAGE / "server" / "db" / "migrations" / "versions"
LONGEST_FILE, MEDIAN_FILE, P90_FUNCTION = 400, 80, 40
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources(root: Path) -> dict[Path, str]:
    files = (path for path in root.rglob("*.py") if GENERATED not in path.parents)
    return {path: path.read_text(encoding="utf-8") for path in sorted(files)}


def name_of(path: Path) -> str:
    return path.relative_to(BACKEND).as_posix()


def written(root: Path) -> dict[str, str]:
    """Files with something in them; an empty `__init__.py` only makes a folder a room."""
    return {name_of(path): text for path, text in sources(root).items() if text.strip()}


def functions(text: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def test_imports_keep_to_the_staircase() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=BACKEND, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_repository_serves_its_own_feature_alone() -> None:
    graph = grimp.build_graph("opm", cache_dir=None)
    repositories = [name for name in graph.modules if re.fullmatch(r"opm\.server\.features\.\w+\.repository", name)]
    assert repositories
    foreign = [
        f"{importer} uses {repository}"
        for repository in repositories
        for importer in graph.find_modules_that_directly_import(repository)
        if importer.rpartition(".")[0] != repository.rpartition(".")[0]
    ]
    assert foreign == []


def test_files_stay_small() -> None:
    lengths = {name: text.count("\n") for name, text in written(PACKAGE).items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_FILE


def test_files_of_tests_stay_readable() -> None:
    lengths = {name: text.count("\n") for name, text in written(TESTS).items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_stay_small() -> None:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for text in written(PACKAGE).values()
        for node in functions(text)
    ]
    assert statistics.quantiles(lengths, n=10)[-1] <= P90_FUNCTION


def test_every_module_says_what_its_name_cannot() -> None:
    silent = [
        name
        for root in (PACKAGE, TESTS)
        for name, text in written(root).items()
        if not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def is_patch(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    if called.endswith(("monkeypatch.setattr", "mocker.patch", "mock.patch", "mock.patch.object", "patch.object")):
        return True
    return called == "patch"


def test_nothing_is_patched() -> None:
    """What can be replaced enters through a constructor; a patch would hide that something cannot."""
    patched = [
        f"{name}:{node.lineno}"
        for name, text in written(TESTS).items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and is_patch(node)
    ]
    assert patched == []


@pytest.mark.parametrize("code", ["monkeypatch.setattr(x, 'y', 1)", "mock.patch('a.b')", "patch('a.b')"])
def test_the_rule_against_patches_sees_one(code: str) -> None:
    assert any(is_patch(node) for node in ast.walk(ast.parse(code)))
    assert not any(is_patch(node) for node in ast.walk(ast.parse("monkeypatch.setenv('A', 'b'); client.patch('/x')")))


VERBS = {"get", "post", "put", "patch", "delete", "head", "websocket", "api_route"}


def endpoints(text: str) -> Iterator[Function]:
    for node in functions(text):
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(called, ast.Attribute) and called.attr in VERBS and "router" in ast.unparse(called.value):
                yield node


def test_every_endpoint_has_a_return_type() -> None:
    """Without one the answer is walked value by value in Python, at ten times the cost."""
    doors = {name: text for name, text in written(PACKAGE).items() if "/server/api/" in name}
    found = [(name, node) for name, text in doors.items() for node in endpoints(text)]
    assert found
    assert [f"{name}:{node.name}" for name, node in found if node.returns is None] == []


def test_importing_any_module_does_nothing() -> None:
    """In a process of its own: no file is opened for writing, no socket made, no program started."""
    modules = sorted(
        name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for path in sources(PACKAGE)
        if "migrations" not in path.parts and path.name != "__main__.py"
    )
    program = (
        "import importlib, sys\n"
        "def watch(event, args):\n"
        "    writes = event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+')\n"
        "    if writes or event in {'socket.connect', 'socket.bind', 'subprocess.Popen', 'os.mkdir', 'os.fork'}:\n"
        "        raise SystemExit(f'{event} {args!r} while importing {current}')\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(watch)\n"
        "for current in sys.argv[1:]:\n"
        "    importlib.import_module(current)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *modules], cwd=BACKEND, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
