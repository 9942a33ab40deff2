"""The life of local pods: what the contract leaves to this implementation."""

import asyncio
import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Part, PodPhase
from tests.server.runtime.local.support import (
    a_spec,
    is_gone,
    opened,
    pid_of,
    pod_folder,
    running,
    start_orphan,
    stub_settings,
    until,
    until_phase,
)


async def test_a_workspace_is_a_repository_with_the_seed_committed(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    spec = a_spec(seed_files={"README.md": "# Hello\n", "src/deep/main.py": "print()\n"})
    async with opened(settings) as runtime:
        await running(runtime, spec)
    workspace = pod_folder(settings, spec.project_id) / "workspace"

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=workspace, capture_output=True, text=True, check=True).stdout

    assert git("ls-files").split() == ["README.md", "src/deep/main.py"]
    assert git("log", "--format=%an|%s|%D").strip() == "OpenCode Project Manager|Create the workspace|HEAD -> main"
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700


async def test_the_environment_holds_nothing_of_the_controllers(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    spec = a_spec(provider_key="key-of-the-provider", opencode_config={"model": "a/b", "autoupdate": True})
    os.environ["OPM_CONTROLLER_ONLY"] = "must-not-travel"
    try:
        async with opened(settings) as runtime:
            await running(runtime, spec)
    finally:
        del os.environ["OPM_CONTROLLER_ONLY"]
    folder = pod_folder(settings, spec.project_id)
    agent = json.loads((folder / "environ.json").read_text())
    sidecar = json.loads((folder / "environ-session.json").read_text())
    assert agent["OPM_PROVIDER_KEY"] == "key-of-the-provider"
    configuration = json.loads(agent["OPENCODE_CONFIG_CONTENT"])
    assert [Path(advice).name for advice in configuration.pop("instructions")] == ["AGENTS.md"]
    assert configuration == {"model": "a/b", "autoupdate": False, "share": "disabled"}
    assert agent["HOME"] == str(folder / "home")
    for environ in (agent, sidecar):
        assert "must-not-travel" not in environ.values()
        assert not {"VIRTUAL_ENV", "PYTHONPATH", "PYTEST_CURRENT_TEST"} & set(environ)
    assert not any("password" in value or "key-of" in value for value in sidecar.values())


async def test_secrets_lie_in_one_private_file_and_not_in_the_record(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(provider_key="key-of-the-provider")
    async with opened(settings) as runtime:
        await running(runtime, spec)
        folder = pod_folder(settings, spec.project_id)
        record = (folder / "pod.json").read_text()
        assert stat.S_IMODE((folder / "state/secrets.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert spec.opencode_password not in record
    assert "key-of-the-provider" not in record


async def test_an_opencode_that_is_killed_comes_back_as_another_incarnation(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        before = await running(runtime, spec)
        os.kill(pid_of(before), signal.SIGKILL)
        down = await until(runtime, spec.project_id, lambda seen: seen.phase is not PodPhase.RUNNING)
        assert down.phase is PodPhase.PENDING, "the first quick retry is no failure yet"
        assert down.reason == "OpenCode ended with signal 9 (killed); restarting in 0.1 s"
        after = await until_phase(runtime, spec.project_id, PodPhase.RUNNING)
    assert after.incarnation != before.incarnation
    assert after.endpoint == before.endpoint
    assert pid_of(after, Part.FILES) == pid_of(before, Part.FILES)
    assert next(part.restarts for part in after.parts if part.part is Part.OPENCODE) == 1


async def test_commands_of_a_killed_opencode_do_not_run_on_beside_the_next(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        orphan = await start_orphan(settings, spec)
        os.kill(pid_of(seen), signal.SIGKILL)
        await until(runtime, spec.project_id, lambda now: now.incarnation != seen.incarnation)
        assert is_gone(orphan)


async def test_stop_disposes_first_and_ends_commands_in_sessions_of_their_own(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        orphan = await start_orphan(settings, spec)
        await runtime.stop(spec.project_id)
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.ABSENT
        assert is_gone(orphan)
        assert all(is_gone(pid_of(seen, part)) for part in (Part.OPENCODE, Part.FILES, Part.SESSION))
    workspace = pod_folder(settings, spec.project_id) / "workspace"
    assert (workspace / "disposed").exists()
    assert not (workspace.parent / "pod.json").exists()


async def test_a_command_that_hides_its_environment_is_ended_with_its_parent(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        await running(runtime, spec)
        hidden = await start_orphan(settings, spec, "env -i /bin/sh -c 'echo $$ > orphan.pid; exec sleep 300'")
        await runtime.stop(spec.project_id)
        assert is_gone(hidden)


async def test_a_part_that_ignores_sigterm_is_ended_in_time(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path, stop_timeout=2.0), a_spec(opencode_config={"stub": {"stubborn": True}})
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        async with asyncio.timeout(5):
            await runtime.stop(spec.project_id)
        assert is_gone(pid_of(seen))


async def test_a_hung_opencode_is_made_to_end_and_started_again(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        before = await running(runtime, spec)
        hang = pod_folder(settings, spec.project_id) / "workspace/hang"
        hang.touch()
        down = await until(runtime, spec.project_id, lambda seen: seen.phase is not PodPhase.RUNNING)
        hang.unlink()
        assert down.reason == "OpenCode did not answer 3 times in a row; restarting in 0.1 s"
        after = await until_phase(runtime, spec.project_id, PodPhase.RUNNING)
        assert after.incarnation != before.incarnation


async def test_a_start_that_fails_says_why_with_the_last_words_and_no_secret(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    words = "cannot start with a-password-of-the-pod"
    spec = a_spec(opencode_config={"stub": {"exit": 3, "say": words}})
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until_phase(runtime, spec.project_id, PodPhase.FAILED)
        assert await runtime.logs(spec.project_id, Part.OPENCODE, 1) == ["cannot start with [redacted]"]
    assert seen.reason is not None
    assert seen.reason.startswith("OpenCode ended with exit code 3; restarting in ")
    assert seen.reason.endswith("Last output: cannot start with [redacted]")


async def test_an_opencode_that_never_answers_is_given_up(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path, start_timeout=1.0)
    spec = a_spec(opencode_config={"stub": {"mute": True}})
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until(
            runtime, spec.project_id, lambda now: "did not become ready within 1 s" in (now.reason or "")
        )
    assert seen.phase is PodPhase.PENDING


async def test_a_program_that_is_not_there_is_a_failure_in_words(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path, opencode=tmp_path / "nowhere"), a_spec()
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until_phase(runtime, spec.project_id, PodPhase.FAILED)
    assert seen.reason is not None
    assert "OpenCode is not installed at" in seen.reason


async def test_a_workspace_that_cannot_be_made_is_a_failure_in_words(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(seed_files={"../escape": "no"})
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until_phase(runtime, spec.project_id, PodPhase.FAILED)
        assert seen.reason is not None
        assert "'../escape' cannot be part of a new workspace" in seen.reason
        await running(runtime, a_spec(spec.project_id, digest="two"))


async def test_another_digest_restarts_opencode_and_leaves_the_sidecars(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        before = await running(runtime, spec)
        other = a_spec(spec.project_id, digest="two", opencode_config={"model": "new/one"})
        after = await running(runtime, other)
    assert after.incarnation != before.incarnation
    assert after.endpoint == before.endpoint
    assert pid_of(after, Part.SESSION) == pid_of(before, Part.SESSION)
    environ = json.loads((pod_folder(settings, spec.project_id) / "environ.json").read_text())
    assert json.loads(environ["OPENCODE_CONFIG_CONTENT"])["model"] == "new/one"


async def test_new_secrets_restart_the_sidecars_as_well(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec()
    async with opened(settings) as runtime:
        before = await running(runtime, spec)
        after = await running(runtime, a_spec(spec.project_id, digest="two", pass_key=b"n" * 32))
    assert pid_of(after, Part.SESSION) != pid_of(before, Part.SESSION)


async def test_the_demo_model_is_a_part_whose_address_reaches_opencode(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    config = {
        "provider": {"demo": {"options": {"baseURL": "{demo_model_url}", "n": 1}}},
        "list": ["{demo_model_url}/x"],
    }
    spec = a_spec(demo_model=True, opencode_config=config)
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        assert {part.part for part in seen.parts} == set(Part)
    folder = pod_folder(settings, spec.project_id)
    port = json.loads((folder / "environ-model.json").read_text())["OPM_POD_PORT"]
    given = json.loads(json.loads((folder / "environ.json").read_text())["OPENCODE_CONFIG_CONTENT"])
    assert given["provider"]["demo"]["options"] == {"baseURL": f"http://127.0.0.1:{port}/v1", "n": 1}
    assert given["list"] == [f"http://127.0.0.1:{port}/v1/x"]


async def test_a_port_that_another_took_is_replaced(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    spec = a_spec(opencode_config={"stub": {"exit": 1, "say": "Failed to start server. Is port 4096 in use?"}})
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until(runtime, spec.project_id, lambda now: "took one of its ports" in (now.reason or ""))
        assert seen.parts == ()


async def test_two_servers_on_one_data_directory_are_refused(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    async with opened(settings):
        with pytest.raises(RuntimeFault, match="Another server already uses"):
            async with opened(settings):
                pass


async def test_memory_is_told_for_each_part(tmp_path: Path) -> None:
    async with opened(stub_settings(tmp_path)) as runtime:
        seen = await running(runtime, a_spec())
    assert all((part.memory_bytes or 0) > 1_000_000 for part in seen.parts)
