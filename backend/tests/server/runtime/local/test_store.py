"""What a pod writes down: whole, private, free of secrets, and never trusted blindly."""

import stat
from pathlib import Path
from uuid import uuid4

import pytest

from opm.server.runtime.base import Part
from opm.server.runtime.local import store
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.procfs import Identity
from opm.server.runtime.local.store import PartRecord, PodRecord, PodSecrets


@pytest.fixture
def layout(tmp_path: Path) -> PodLayout:
    made = PodLayout.of(tmp_path, uuid4())
    made.make()
    return made


def a_record() -> PodRecord:
    part = PartRecord(Identity(pid=7, started=99, boot="b"), port=4096)
    return PodRecord("p", "digest", "incarnation", "2026-01-01T00:00:00Z", {Part.OPENCODE: part})


def test_a_record_comes_back_as_it_was(layout: PodLayout) -> None:
    store.write_record(layout, a_record())
    assert store.read_record(layout) == a_record()
    store.forget_record(layout)
    assert store.read_record(layout) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 3}', "\x00", '{"project_id": 1, "parts": {"x": {}}}'])
def test_a_record_that_cannot_be_understood_is_none(layout: PodLayout, text: str) -> None:
    layout.record.write_text(text)
    assert store.read_record(layout) is None


def test_secrets_come_back_and_are_for_the_owner_alone(layout: PodLayout) -> None:
    secrets = PodSecrets(bytes(range(32)), "password")
    store.write_secrets(layout, secrets)
    store.write_secrets(layout, secrets)
    assert store.read_secrets(layout) == secrets
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    assert "password" not in repr(secrets)
    layout.secrets.write_text('{"pass_key": "not base64!"}')
    assert store.read_secrets(layout) is None


def test_a_link_laid_in_the_way_is_not_followed(layout: PodLayout, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    layout.secrets.with_name(".secrets.json.new").symlink_to(victim)
    store.write_secrets(layout, PodSecrets(b"k", "p"))
    assert victim.read_text() == "untouched"


def test_a_pod_ends_with_everything_in_it_and_nothing_beyond(layout: PodLayout, tmp_path: Path) -> None:
    beyond = tmp_path / "beyond"
    beyond.mkdir()
    (beyond / "file").touch()
    layout.workspace.mkdir()
    (layout.workspace / "link").symlink_to(beyond)
    locked = layout.workspace / "locked"
    locked.mkdir()
    (locked / "file").touch()
    locked.chmod(0o500)
    layout.destroy()
    layout.destroy()
    assert (beyond / "file").exists()
    assert list((tmp_path / "pods").iterdir()) == []
