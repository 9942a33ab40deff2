"""Every step of a card's life against the table that was agreed, written down here a second time on purpose."""

import itertools

import pytest

from opm.server.core.errors import Conflict
from opm.server.features.tasks import states
from opm.server.features.tasks.states import Cause, TaskStatus

AGREED = {
    "execute": {"todo": ["in_progress"]},
    "feedback": {"ai_review": ["in_progress"], "human_review": ["in_progress"]},
    "cancel": {"in_progress": ["todo"]},
    "succeeded": {"in_progress": ["ai_review"]},
    "failed": {"in_progress": ["human_review"]},
    "move": {"ai_review": ["todo", "human_review"], "human_review": ["todo", "done"], "done": ["todo"]},
    "undo": {"todo": ["ai_review", "human_review", "done"], "human_review": ["ai_review"], "done": ["human_review"]},
}


@pytest.mark.parametrize(
    ("source", "target", "cause"),
    [pytest.param(*step, id="-".join(step)) for step in itertools.product(TaskStatus, TaskStatus, Cause)],
)
def test_a_step_is_possible_as_agreed(source: TaskStatus, target: TaskStatus, cause: Cause) -> None:
    allowed = AGREED[cause].get(source, [])
    if target in allowed:
        states.check(source, target, cause)
        return
    with pytest.raises(Conflict) as caught:
        states.check(source, target, cause)
    assert caught.value.details == {"source": source, "target": target, "cause": cause, "allowed": allowed}
    assert states.LABELS[source] in caught.value.message
    assert all(states.LABELS[TaskStatus(name)] in caught.value.message for name in allowed)


def test_the_table_names_every_cause_and_every_column_has_a_label() -> None:
    assert set(states.STEPS) == set(Cause) == set(AGREED)
    assert set(states.LABELS) == set(TaskStatus)


@pytest.mark.parametrize("cause", Cause)
def test_sources_are_where_a_cause_can_begin(cause: Cause) -> None:
    assert sorted(states.sources(cause)) == sorted(AGREED[cause])


def test_no_column_is_a_dead_end_and_none_is_out_of_reach() -> None:
    steps = set().union(*states.STEPS.values())
    assert {source for source, _ in steps} == set(TaskStatus)
    assert {target for _, target in steps} == set(TaskStatus)
    assert all(source != target for source, target in steps)
