"""The one character that cannot be kept: refused from people wherever it hides, replaced in what agents say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from opm.server.core.texts import Said, kept, kept_json


class Form(Said):
    name: str = ""
    tags: list[str] = Field(default_factory=list[str])
    more: dict[str, Any] = Field(default_factory=dict[str, Any])


@pytest.mark.parametrize(
    "form",
    [
        {"name": "\0"},
        {"name": "a\0b"},
        {"tags": ["a", "\0"]},
        {"more": {"a": {"b": ["\0"]}}},
        {"more": {"\0": 1}},
    ],
)
def test_it_is_refused_wherever_it_is(form: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(form)
    assert [error["loc"] for error in caught.value.errors()] == [tuple(form)]


def test_everything_else_is_taken() -> None:
    form = {"name": "a\tb\\u0000 \x01\uffff", "tags": ["ü"], "more": {"a": [None, 1, True, {"b": 2.5}]}}
    assert Form.model_validate(form).model_dump() == form


@pytest.mark.parametrize(("said", "wanted"), [(None, None), ("", ""), ("a\0b\0", "a\ufffdb\ufffd"), ("ü", "ü")])
def test_what_agents_say_keeps_its_length(said: str | None, wanted: str | None) -> None:
    assert kept(said) == wanted


@given(
    st.recursive(
        st.text(alphabet='\0\\u0a"n'), lambda inner: st.lists(inner) | st.dictionaries(st.text("\0\\u0"), inner)
    )
)
def test_json_is_changed_in_that_character_alone(value: Any) -> None:
    """Backslashes before it, and texts that merely look like it, stay as they are."""
    assert json.loads(kept_json(json.dumps(value).encode())) == replaced(value)


def replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [replaced(item) for item in value]
    return {replaced(key): replaced(item) for key, item in value.items()}
