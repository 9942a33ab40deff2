"""The command line: what each command says, and that a sidecar's start does not drag the server in."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from opm import __version__
from opm.cli import main

BACKEND = Path(__file__).resolve().parent.parent


def test_it_says_its_version() -> None:
    said = CliRunner().invoke(main, ["--version"])
    assert said.output.strip().endswith(__version__)


@pytest.mark.parametrize(
    "command", ["serve", "migrate", "doctor", "openapi", "docs", "launch-url", "setup-opencode", "keys", "deploy"]
)
def test_every_command_explains_itself(command: str) -> None:
    said = CliRunner().invoke(main, [command, "--help"])
    assert said.exit_code == 0
    assert "Usage:" in said.output


def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not_shown(tmp_path: Path) -> None:
    said = CliRunner(env={"OPM_PORT": "sesame", "OPM_CONFIG_FILE": str(tmp_path / "none")}).invoke(main, ["doctor"])
    assert said.exit_code == 1
    assert "port:" in said.output
    assert "sesame" not in said.output
    assert "Traceback" not in said.output


def test_the_commands_themselves_load_neither_server_nor_sidecar() -> None:
    program = "import sys, opm.cli; print([m for m in sys.modules if m.startswith(('opm.s', 'fastapi', 'sqlalchemy'))])"
    done = subprocess.run([sys.executable, "-c", program], cwd=BACKEND, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_doctor_looks_at_the_machine_and_at_the_settings(tmp_path: Path) -> None:
    environ = {
        "OPM_CONFIG_FILE": str(tmp_path / "none"),
        "OPM_LOG__LEVEL": "DEBUG",
        "OPM_OPENCODE__BINARY": "/bin/true",
    }
    said = CliRunner(env=environ).invoke(main, ["doctor", "--data-dir", str(tmp_path / "data")])
    machine, _, weak = said.output.partition("\nSettings\n")
    assert machine.startswith("This machine\n")
    assert "  ok    Python: 3." in machine
    assert weak.startswith("  warn  OPM_LOG__LEVEL: DEBUG\n        Use INFO")


def test_doctor_looks_at_the_cluster_where_pods_run_on_one(tmp_path: Path) -> None:
    environ = {
        "OPM_CONFIG_FILE": str(tmp_path / "none"),
        "OPM_RUNTIME__KIND": "kubernetes",
        "OPM_KUBERNETES__KUBECONFIG": str(tmp_path / "none"),
    }
    said = CliRunner(env=environ).invoke(main, ["doctor", "--data-dir", str(tmp_path / "data")])
    assert said.output.startswith("The cluster\n  FAIL  Cluster: The cluster cannot be reached")
    assert said.exit_code == 1


def test_a_migration_that_waits_ends_when_it_is_asked_to_also_as_process_1_of_a_container(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        migrating = subprocess.Popen(
            [sys.executable, "-m", "opm", "migrate", "--data-dir", str(tmp_path / "data")],
            cwd=BACKEND,
            env=kept | {"HOME": str(tmp_path), "OPM_DATABASE__URL": address},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            silent.settimeout(60)
            silent.accept()[0].close()  # now it waits to try again
            migrating.send_signal(signal.SIGTERM)
            _, said = migrating.communicate(timeout=10)
        finally:
            migrating.kill()
            migrating.wait()
    assert migrating.returncode == 1, "by its own decision: a signal that nobody handles would show as -15"
    assert "Aborted!" in said
    assert "Traceback" not in said
