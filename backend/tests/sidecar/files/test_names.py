"""Every name the disk can hold has one text form; no text leads anywhere but into the workspace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.sidecar.errors import Refused
from opm.sidecar.files.names import parse, to_bytes, to_text

names = st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name and b"\x00" not in name)


@given(names)
def test_every_legal_name_comes_back(name: bytes) -> None:
    text = to_text(name)

    assert to_bytes(text) == name
    text.encode()  # survives JSON and URLs


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_two_names_never_look_the_same(pair: list[bytes]) -> None:
    assert to_text(pair[0]) != to_text(pair[1])


@pytest.mark.parametrize("name", ["a b", "ä", "100%", "%2e%2e", "a\\b", "a\nb", "'\"", "\u202ertl", "e\u0301", "😀"])
def test_ordinary_and_odd_names_are_taken_as_they_stand(name: str) -> None:
    assert to_text(name.encode()) == name
    assert parse(name) == name.encode()


def test_the_characters_of_the_escape_itself_survive() -> None:
    real = "\uef80".encode()

    assert to_text(b"\x80") == "\uef80"
    assert to_bytes(to_text(real)) == real
    assert to_text(real) != to_text(b"\x80")


@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_stays_inside(text: str) -> None:
    path = parsed(text)

    assert path is not None or not text.isalnum()
    if path is not None:
        assert not path.startswith(b"/")
        assert b"\x00" not in path
        assert not {b"..", b"."} & set(path.split(b"/"))


def parsed(text: str) -> bytes | None:
    """None: refused in the one way a path is refused. Anything else that is raised fails the test."""
    try:
        return parse(text, root_allowed=True)
    except Refused:
        return None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "/",
        "//",
        "/etc/passwd",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "a\x00b",
        "\ud800",
        "a/" * 65 + "b",
        "x" * 4097,
    ],
)
def test_what_is_no_path_of_a_file_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text)

    assert caught.value.status == 400


@pytest.mark.parametrize(("text", "path"), [("a/", b"a"), ("./a", b"a"), ("a//b", b"a/b"), ("...", b"...")])
def test_what_means_nothing_is_left_out(text: str, path: bytes) -> None:
    assert parse(text) == path


def test_the_root_is_named_only_where_it_may_be() -> None:
    assert parse("", root_allowed=True) == b""
    assert parse(".", root_allowed=True) == b""
