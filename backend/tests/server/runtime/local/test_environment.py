"""The environment of a pod's processes, as far as it can be seen without starting one."""

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opm.server.core.errors import RuntimeFault
from opm.server.features.configs import providers
from opm.server.runtime.agent import ANSWER_TOKENS, configuration
from opm.server.runtime.base import Part
from opm.server.runtime.local import environment, plan, workspace
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.settings import Backoff, LocalSettings
from tests.server.runtime.local.support import a_spec

PORTS = {Part.OPENCODE: 3000, Part.FILES: 3001, Part.SESSION: 3002, Part.MODEL: 3003}


def planned(tmp_path: Path, **changes: Any) -> dict[Part, plan.PartPlan]:
    spec = a_spec(**changes)
    settings = LocalSettings(data_dir=tmp_path, opencode=Path("/opt/opencode"), python=Path("/opt/python"))
    return plan.planned(settings, PodLayout.of(tmp_path, spec.project_id), spec, PORTS)


def test_a_number_without_a_name_is_an_account_too() -> None:
    """As in a container that runs under one."""
    unknown = next(uid for uid in range(60_000, 0, -1) if uid not in {entry.pw_uid for entry in pwd.getpwall()})
    assert environment.account_name(unknown) == "opm"
    assert environment.account_name(0) == "root"


def test_each_part_is_started_by_list_with_no_secret_in_it(tmp_path: Path) -> None:
    plans = planned(tmp_path, provider_key="key-of-the-provider", demo_model=True)
    launches = {part: made.launch for part, made in plans.items() if made.launch is not None}
    assert launches.keys() == set(Part)
    assert launches[Part.OPENCODE].argv[:6] == (
        *("/opt/opencode", "serve", "--hostname", "127.0.0.1", "--port", "3000"),
    )
    assert launches[Part.SESSION].argv == ("/opt/python", "-P", "-m", "opm", "sidecar", "session")
    for launch in launches.values():
        assert not {"a-password-of-the-pod", "key-of-the-provider"} & set(launch.argv)
        assert "password" not in repr(launch)


def test_sidecars_are_told_their_place_and_only_the_session_knows_opencode(tmp_path: Path) -> None:
    plans = planned(tmp_path)
    files, session = plans[Part.FILES].launch, plans[Part.SESSION].launch
    assert files is not None
    assert session is not None
    assert files.env["OPM_POD_PORT"] == "3001"
    assert "OPM_POD_OPENCODE_URL" not in files.env
    assert session.env["OPM_POD_OPENCODE_URL"] == "http://127.0.0.1:3000"
    assert Part.MODEL not in plans


def test_the_longest_configuration_is_one_string_that_linux_takes(tmp_path: Path) -> None:
    config = {"prompt": "漢" * (providers.MOST_BYTES // 3 - 10)}
    assert providers.size(config) <= providers.MOST_BYTES
    launch = planned(tmp_path, opencode_config=config)[Part.OPENCODE].launch
    assert launch is not None
    told = {"OPENCODE_CONFIG_CONTENT": launch.env["OPENCODE_CONFIG_CONTENT"]}
    assert "漢" in told["OPENCODE_CONFIG_CONTENT"]
    subprocess.run(["/bin/true"], env=told, check=True)


@pytest.mark.parametrize(("wanted", "told"), [(None, None), (321, "321")])
def test_the_most_tokens_of_an_answer_are_told_beside_the_configuration(
    tmp_path: Path, wanted: int | None, told: str | None
) -> None:
    launch = planned(tmp_path, answer_tokens=wanted)[Part.OPENCODE].launch
    assert launch is not None
    assert launch.env.get(ANSWER_TOKENS) == told


def test_what_keeps_opencode_offline_cannot_be_wished_away(tmp_path: Path) -> None:
    spec = a_spec(opencode_config={"share": "auto", "autoupdate": True})
    layout = PodLayout.of(tmp_path, spec.project_id)
    assert configuration(spec, None, layout.workspace) == {
        "instructions": [str(layout.workspace / "AGENTS.md")],
        "share": "disabled",
        "autoupdate": False,
    }
    settings = LocalSettings(
        data_dir=tmp_path,
        opencode=Path("x"),
        extra_environ={"OPENCODE_DISABLE_MODELS_FETCH": "0", "HTTPS_PROXY": "http://proxy"},
    )
    environ = environment.for_opencode(settings, layout, spec, None)
    assert environ["OPENCODE_DISABLE_MODELS_FETCH"] == "1"
    assert environ["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    assert environ["HTTPS_PROXY"] == "http://proxy"
    assert "OPM_PROVIDER_KEY" not in environ


def test_the_search_path_exists_and_puts_the_given_first(tmp_path: Path) -> None:
    folders = environment.search_path((tmp_path, tmp_path / "absent")).split(os.pathsep)
    assert folders[0] == str(tmp_path)
    assert all(Path(folder).is_dir() for folder in folders)
    assert len(folders) == len(set(folders))


async def test_a_home_is_made_ready_and_the_workspace_made_once(tmp_path: Path) -> None:
    spec = a_spec()
    layout = PodLayout.of(tmp_path, spec.project_id)
    await workspace.prepare(layout, spec)
    (layout.workspace / "README.md").write_text("changed by an agent")
    (layout.temp / "left.so").touch()
    await workspace.prepare(layout, spec)
    assert (layout.workspace / "README.md").read_text() == "changed by an agent"
    assert list(layout.temp.iterdir()) == []
    assert "@opencode-ai/plugin" in (layout.home / ".config/opencode/package-lock.json").read_text()
    assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700


async def test_half_a_workspace_is_begun_again(tmp_path: Path) -> None:
    spec = a_spec()
    layout = PodLayout.of(tmp_path, spec.project_id)
    (layout.root / ".workspace.new/.git").mkdir(parents=True)
    await workspace.prepare(layout, spec)
    assert {path.name for path in layout.workspace.iterdir()} == {".git", "README.md"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", ".git/hooks/pre-commit", ""])
async def test_seed_files_stay_inside(tmp_path: Path, name: str) -> None:
    spec = a_spec(seed_files={name: "text"})
    with pytest.raises(RuntimeFault, match="cannot be part of a new workspace"):
        await workspace.prepare(PodLayout.of(tmp_path, spec.project_id), spec)


def test_delays_grow_and_stop_growing() -> None:
    backoff = Backoff()
    assert [backoff.delay(n) for n in (1, 2, 3, 7, 5000)] == [1, 2, 4, 60, 60]
