"""What the browser gets for an address that is no route: a file of the build, the page, or an honest 404."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from opm.server.api.spa import package_folder
from tests.fakes.clock import MovedClock
from tests.server.api.door import Door, open_ports, settings_for

SCRIPT = b"console.log('hello');" * 200
PAGE = b"<!doctype html><title>opm</title>"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_bytes(PAGE)
    (web / "favicon.svg").write_bytes(b"<svg/>")
    (web / ".stamp").write_bytes(b"hidden")
    (web / "assets" / "app-1a2b3c4d.js").write_bytes(SCRIPT)
    (web / "assets" / "leak").symlink_to(tmp_path / "opm.db")
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path), clock) as ports, Door(ports, clock, web).client() as client:
        yield client


async def test_assets_are_kept_for_ever(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/app-1a2b3c4d.js", headers={"Accept-Encoding": "identity"})
    assert answer.content == SCRIPT
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_assets_are_packed_for_those_who_unpack(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/assets/app-1a2b3c4d.js", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(SCRIPT) / 10
    assert gzip.decompress(raw) == SCRIPT


@pytest.mark.parametrize(
    "path", ["/assets/app-99999999.js", "/assets/", "/assets/leak", "/assets/%2e%2e/%2e%2e/opm.db", "/assets/a%00b"]
)
async def test_what_is_no_asset_is_404_and_not_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    ["/", "/launch", "/projects/a/tasks/b", "/projects/a/files/src/main.js", "/.stamp", "/%2e%2e/opm.db", "/apix"],
)
async def test_every_other_address_is_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.content == PAGE
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_files_beside_the_page_are_served_as_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/favicon.svg")
    assert answer.content == b"<svg/>"
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-cache"


async def test_an_unchanged_page_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_changed_page_is_another_one(client: httpx.AsyncClient, tmp_path: Path) -> None:
    old = (await client.get("/")).headers["etag"]
    (tmp_path / "web" / "index.html").write_bytes(PAGE + b"new")
    answer = await client.get("/", headers={"If-None-Match": old})
    assert answer.content == PAGE + b"new"


async def test_head_tells_the_same_without_a_body(client: httpx.AsyncClient) -> None:
    for path in ("/", "/assets/app-1a2b3c4d.js"):
        head, get = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}
    assert (await client.head("/assets/none.js")).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/nowhere"), ("HEAD", "/api/nowhere"), ("POST", "/launch")])
async def test_the_page_answers_no_api_and_no_change(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await client.request(method, path)).status_code == 404


async def test_without_a_build_the_page_says_what_to_do(tmp_path: Path) -> None:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path), clock) as ports, Door(ports, clock, tmp_path / "no").client() as c:
        answer = await c.get("/")
        assert answer.status_code == 503
        assert "make run" in answer.text
        assert (await c.get("/assets/app.js")).status_code == 404


def test_the_build_lies_in_the_package() -> None:
    assert package_folder().parts[-2:] == ("opm", "_web")
