"""Reading one file over HTTP: whole, in part, unchanged, and never as a page a browser would run."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.sidecar.errors import Refused
from opm.sidecar.files.content import Part, is_binary, part, unchanged
from opm.sidecar.files.encoding import encoding
from tests.sidecar.support import Client

README = "/files/content?path=README.md"


async def test_a_file_and_its_headers(files: Client, workspace: Path) -> None:
    async with files.request("GET", README) as response:
        assert (response.status, await response.text()) == (200, "# Read me\n")
        headers = response.headers
    found = (workspace / "README.md").stat()
    assert headers["ETag"] == f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"'
    assert headers["Content-Length"] == "10"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Opm-Binary"] == "false"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''README.md"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"].endswith(" GMT")


async def test_a_name_cannot_break_out_of_its_header(files: Client, workspace: Path) -> None:
    (workspace / 'a"\r\nX-Evil: 1;é').write_text("x")

    async with files.request("GET", "/files/content?path=a%22%0D%0AX-Evil%3A%201%3B%C3%A9") as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"].endswith("''a%22%0D%0AX-Evil%3A%201%3B%C3%A9")
        assert "X-Evil" not in response.headers


async def test_head_has_the_headers_alone(files: Client) -> None:
    async with files.request("HEAD", README) as response:
        assert (response.status, response.headers["Content-Length"], await response.read()) == (200, "10", b"")


async def test_a_reader_who_has_it_gets_nothing(files: Client) -> None:
    async with files.request("GET", README) as response:
        tag = response.headers["ETag"]

    async with files.request("GET", README, {"If-None-Match": f'"other", W/{tag}'}) as response:
        assert (response.status, response.headers["ETag"], await response.read()) == (304, tag, b"")
    async with files.request("GET", README, {"If-None-Match": '"other"'}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("asked", "status", "content", "span"),
    [
        ("bytes=0-3", 206, "# Re", "bytes 0-3/10"),
        ("bytes=2-", 206, "Read me\n", "bytes 2-9/10"),
        ("bytes=-3", 206, "me\n", "bytes 7-9/10"),
        ("bytes=-99", 206, "# Read me\n", "bytes 0-9/10"),
        ("bytes=5-999", 206, "d me\n", "bytes 5-9/10"),
        ("bytes=0-1,3-4", 200, "# Read me\n", None),
        ("bytes=4-2", 200, "# Read me\n", None),
        ("bytes=-", 200, "# Read me\n", None),
        ("lines=1-2", 200, "# Read me\n", None),
        ("bytes=x-y", 200, "# Read me\n", None),
    ],
)
async def test_ranges(files: Client, asked: str, status: int, content: str, span: str | None) -> None:
    async with files.request("GET", README, {"Range": asked}) as response:
        assert (response.status, await response.text()) == (status, content)
        assert response.headers.get("Content-Range") == span


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
async def test_a_range_beyond_the_end(files: Client, asked: str) -> None:
    async with files.request("GET", README, {"Range": asked}) as response:
        assert response.status == 416
        assert response.headers["Content-Range"] == "bytes */10"
        assert (await response.json())["error"]["details"] == {"size": 10}


async def test_a_range_of_an_older_version_is_the_whole_new_one(files: Client) -> None:
    async with files.request("GET", README, {"Range": "bytes=0-3", "If-Range": '"old"'}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("content", "binary"),
    [
        (b"", False),
        ("grüße\n".encode(), False),
        (b"a\x00b", True),
        (b"\xff\xfe", True),
        (b"x" * 8191 + "é".encode(), False),
        (b"x" * 8191 + b"\xc3", True),
        (b"x" * 9000 + b"\x00", False),
    ],
)
async def test_binary_is_told_from_the_start_of_a_file(
    files: Client, workspace: Path, content: bytes, binary: bool
) -> None:
    (workspace / "f").write_bytes(content)

    async with files.request("GET", "/files/content?path=f") as response:
        assert await response.read() == content
        assert response.headers["X-Opm-Binary"] == str(binary).lower()
        assert response.headers["Content-Type"].startswith("application/octet" if binary else "text/plain")


async def test_a_large_file_arrives_whole(files: Client, workspace: Path) -> None:
    content = os.urandom(3 << 20)
    (workspace / "large").write_bytes(content)

    async with files.request("GET", "/files/content?path=large") as response:
        assert await response.read() == content


async def test_readers_who_go_away_leave_nothing_open(files: Client, workspace: Path) -> None:
    (workspace / "large").write_bytes(bytes(32 << 20))
    before = descriptors(workspace)

    for _ in range(5):
        async with files.request("GET", "/files/content?path=large") as response:
            await response.content.readany()
            response.close()
    for _ in range(50):
        if descriptors(workspace) == before:
            break
        await asyncio.sleep(0.1)

    assert descriptors(workspace) == before


def descriptors(workspace: Path) -> int:
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith(f"{workspace}/") for link in links)


async def test_a_pipe_is_refused_within_a_second(files: Client, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    begun = time.monotonic()

    await files.refused("GET", "/files/content?path=pipe", 409)

    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("path=nowhere", 404),
        ("path=src", 409),
        ("path=README.md/x", 409),
        ("path=src/../README.md", 400),
        ("path=/etc/passwd", 400),
        ("path=..%2f..%2fetc%2fpasswd", 400),
        ("path=%252e%252e%252fsecret.txt", 404),
        ("path=..%5csecret.txt", 404),
        ("path=a%00b", 400),
        ("path=", 400),
        ("", 400),
        ("path=%ff", 404),
        ("path=" + "a/" * 80, 400),
        ("path=" + "x" * 5000, 400),
        ("path=" + "x" * 256, 400),
    ],
)
async def test_hostile_paths(files: Client, query: str, status: int) -> None:
    error = await files.refused("GET", f"/files/content?{query}", status)

    assert "SECRET" not in str(error)


@given(st.binary(max_size=40))
def test_binary_never_fails(content: bytes) -> None:
    descriptor = os.memfd_create("sample")
    try:
        os.write(descriptor, content)
        expected = b"\x00" in content or content.decode("utf-8", "replace").encode() != content
        assert is_binary(descriptor, len(content)) == expected
    finally:
        os.close(descriptor)


@given(st.text(max_size=20) | st.from_regex(r"bytes=\d{0,4}-\d{0,4}", fullmatch=True), st.integers(0, 5000))
def test_a_range_stays_within_the_file(asked: str, size: int) -> None:
    chosen = chosen_part(asked, size)
    assert isinstance(chosen, Part) or chosen == 416
    if isinstance(chosen, Part):
        assert 0 <= chosen.start <= chosen.start + chosen.length <= size
        assert chosen.status == 206 or chosen.length == size


def chosen_part(asked: str, size: int) -> Part | int:
    try:
        return part(asked, None, '"x"', size)
    except Refused as refused:
        return refused.status


def test_any_version_will_do_for_a_star() -> None:
    assert unchanged("*", '"x"')
    assert not unchanged(None, '"x"')


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (b"", "utf-8"),
        ("ä".encode(), "utf-8"),
        ("ä".encode("latin-1"), "latin-1"),
        ("ä".encode("utf-16"), "utf-16"),
        (b"a\0b", "binary"),
        (b"\xff\x01\x02", "binary"),
    ],
)
def test_how_text_is_encoded_is_guessed(sample: bytes, name: str) -> None:
    assert encoding(sample, whole=True) == name
