"""Changes told together: what becomes of several of one file, and of very many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.sidecar.files.burst import Burst, Operation


def told(burst: Burst) -> dict[str, str]:
    return {item["path"] + ("/*" if item["many"] else ""): item["operation"] for item in burst.items()}


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        (["create", "modify"], "create"),
        (["modify", "modify"], "modify"),
        (["modify", "delete"], "delete"),
        (["delete", "create"], "modify"),
        (["create", "delete"], None),
        (["create", "delete", "create"], "create"),
    ],
)
def test_several_changes_of_a_file_are_one(steps: list[Operation], result: str | None) -> None:
    burst = Burst()
    for step in steps:
        burst.add(b"a", step)
    assert told(burst) == ({"a": result} if result else {})
    assert bool(burst) == (result is not None)


def test_very_many_become_the_folder_that_holds_them_all() -> None:
    burst = Burst(most=3)
    for name in (b"1", b"2", b"3"):
        burst.add(b"src/deep/" + name, "create")
    assert len(burst.items()) == 3
    burst.add(b"src/deep/4", "create")
    assert told(burst) == {"src/deep/*": "modify"}
    burst.add(b"src/deeper/1", "delete")
    assert told(burst) == {"src/*": "modify"}, "a name that begins alike is another folder"
    burst.add(b"top", "modify")
    assert told(burst) == {"/*": "modify"}


def test_what_one_has_not_fetched_is_merged_with_what_came_later() -> None:
    waiting, later = Burst(), Burst()
    waiting.add(b"a", "create")
    later.add(b"a", "modify")
    later.add(b"b", "delete")
    later.pour_into(waiting)
    assert told(waiting) == {"a": "create", "b": "delete"}
    folder = Burst()
    folder.add_folder(b"x/y")
    folder.pour_into(waiting)
    assert told(waiting) == {"/*": "modify"}


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=4).map(b"/".join), max_size=40))
def test_every_path_is_told_or_lies_beneath_what_is(paths: list[bytes]) -> None:
    burst = Burst(most=4)
    for path in paths:
        burst.add(path, "modify")
    items = burst.items()
    assert len(items) <= 4
    for path in paths:
        assert any(
            f"{path.decode()}/".startswith(f"{item['path']}/" if item["path"] else "")
            if item["many"]
            else item["path"] == path.decode()
            for item in items
        )
