"""The edge: one form for every error, limits, foreign names and pages, headers, compression, order of commit."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
import zstandard
from starlette.types import Message, Receive, Scope, Send

from tests.fakes.clock import MovedClock
from tests.server.api.door import ORIGIN, Door, open_ports, settings_for

HOUSE_SECRET = "secret of the house"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    clock = MovedClock()
    settings = settings_for(
        tmp_path, limits={"body_bytes": 2000, "file_bytes": 10_000}, allowed_hosts=("board.lan", "[fd00::1]:8400")
    )
    async with open_ports(settings, clock) as ports:
        yield Door(ports, clock, tmp_path / "web")


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with door.client(Authorization=f"Bearer {await door.bearer()}") as client:
        yield client


def error(answer: httpx.Response) -> dict[str, object]:
    """Checks the form and gives what is inside."""
    body = answer.json()
    assert set(body) == {"error"}
    inside = body["error"]
    assert set(inside) == {"type", "message", "status", "details", "request_id"}
    assert inside["status"] == answer.status_code
    assert inside["request_id"] == answer.headers["x-request-id"]
    assert inside["message"]
    assert HOUSE_SECRET not in answer.text
    return inside


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/nowhere", 404, "NOT_FOUND"),
        ("/api/auth/nowhere", 404, "NOT_FOUND"),
        ("/api", 404, "NOT_FOUND"),
        ("/api/things", 405, "VALIDATION_ERROR"),
        ("/api/rows?count=many", 400, "VALIDATION_ERROR"),
        ("/api/paged?limit=201", 400, "VALIDATION_ERROR"),
        ("/api/fails/conflict", 409, "CONFLICT"),
        ("/api/fails/crash", 500, "INTERNAL_ERROR"),
        ("/api/fails/internal", 500, "INTERNAL_ERROR"),
        ("/api/fails/runtime", 502, "KUBERNETES_ERROR"),
        ("/api/fails/unavailable", 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_every_error_has_one_form(client: httpx.AsyncClient, path: str, status: int, kind: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert error(answer)["type"] == kind


async def test_unknown_addresses_are_unknown_to_every_method(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await client.request(method, "/api/nowhere")
        assert (answer.status_code, error(answer)["type"]) == (404, "NOT_FOUND")
    assert (await client.delete("/api/things")).headers["allow"] == "POST"


async def test_errors_carry_what_the_caller_needs(client: httpx.AsyncClient) -> None:
    assert error(await client.get("/api/fails/conflict"))["details"] == {"reason": "changed", "etag": "7"}
    starting = await client.get("/api/fails/unavailable")
    assert error(starting)["details"] == {"reason": "pod_starting"}
    assert int(starting.headers["retry-after"]) > 0


async def test_refused_fields_are_named_and_values_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/things", json={"size": 0, "note": ["hunter2"]})
    details = error(answer)["details"]
    assert answer.status_code == 400
    assert isinstance(details, dict)
    assert details["field"] == "body.size"
    assert [fault["field"] for fault in details["fields"]] == ["body.size", "body.note"]
    assert "hunter2" not in answer.text
    broken = await client.post("/api/things", content=b"{", headers=JSON)
    assert (broken.status_code, error(broken)["type"]) == (400, "VALIDATION_ERROR")


async def test_crashes_are_logged_with_their_trace_under_the_request_id(client: httpx.AsyncClient) -> None:
    merge = structlog.contextvars.merge_contextvars
    with structlog.testing.capture_logs(processors=[merge]) as lines:
        answer = await client.get("/api/fails/crash", headers={"X-Request-ID": "my-request-1"})
    assert error(answer)["request_id"] == "my-request-1"
    crash = next(line for line in lines if line["log_level"] == "error")
    assert crash["exc_info"]
    assert crash["request_id"] == "my-request-1"


async def test_half_an_answer_is_cut_and_not_finished(client: httpx.AsyncClient) -> None:
    with pytest.raises(ZeroDivisionError):
        await client.get("/api/half")


@pytest.mark.parametrize("given", ["short", "a" * 65, "with space", "new\\nline", ""])
async def test_odd_request_ids_are_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/api/healthz", headers={"X-Request-ID": given})
    assert len(answer.headers["x-request-id"]) == 32


async def test_one_line_per_request_without_its_query(client: httpx.AsyncClient) -> None:
    merge = structlog.contextvars.merge_contextvars
    with structlog.testing.capture_logs(processors=[merge]) as lines:
        await client.get("/api/auth/me?secret=1")
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/auth/me", 200)
    assert line["user_id"]
    assert line["ms"] >= 0


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost", "[::1]:9", "board.lan:1", "[fd00::1]"])
async def test_our_names_are_answered_to(door: Door, host: str) -> None:
    async with door.client(Host=host) as client:
        assert (await client.get("/api/rows?count=1")).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "localhost:port", "10.0.0.1"]
)
async def test_other_names_are_not_answered_to(door: Door, host: str) -> None:
    async with door.client(Host=host) as client:
        for path in ("/", "/api/rows?count=1"):
            assert error(await client.get(path))["status"] == 421
        assert (await client.get("/api/healthz")).status_code == 200


FOREIGN = "http://127.0.0.1:9999"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": ORIGIN}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": FOREIGN}, 403),
        ({"Origin": "https://127.0.0.1:8400"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": FOREIGN}, 403),
    ],
)
async def test_a_cookie_acts_for_our_own_pages_only(door: Door, headers: dict[str, str], status: int) -> None:
    async with door.browser() as page:
        await door.sign_in(page)
        cookie = f"opm_session_8400={page.cookies['opm_session_8400']}"
        token = page.headers["X-CSRF-Token"]
    async with door.client(Cookie=cookie, **{"X-CSRF-Token": token}, **headers) as client:
        answer = await client.post("/api/things", json={"size": 1})
        assert answer.status_code == status
        assert (await client.get("/api/auth/me")).status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_a_foreign_page_cannot_sign_somebody_in(door: Door) -> None:
    async with door.client(Origin=FOREIGN) as client:
        answer = await client.post("/api/auth/launch", json={"token": await door.launch_token()})
    assert error(answer)["type"] == "FORBIDDEN"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_bodies_have_to_be_json(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/api/things", content=b'{"size": 1}', headers={"Content-Type": kind})
    assert error(answer)["status"] == 415


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b"x" * 100


async def test_large_bodies_are_refused_told_or_counted(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/bodies", content=b"x" * 2000, headers=JSON)).json() == {"bytes": 2000}
    told = await client.post("/api/bodies", content=b"x" * 2001, headers=JSON)
    assert error(told)["details"] == {"limit": 2000}
    assert told.status_code == 413
    assert (await client.post("/api/bodies", content=chunks(2000), headers=JSON)).json() == {"bytes": 2000}
    assert error(await client.post("/api/bodies", content=chunks(2100), headers=JSON))["status"] == 413
    odd = await client.post("/api/bodies", content=b"x", headers=JSON | {"Content-Length": "-5"})
    assert error(odd)["status"] == 400


async def test_files_may_be_larger(client: httpx.AsyncClient) -> None:
    path = "/api/projects/demo/files/write"
    assert (await client.post(path, content=b"x" * 20_000, headers=JSON)).json() == {"bytes": 20_000}
    assert error(await client.post(path, content=b"x" * 22_001, headers=JSON))["status"] == 413


async def test_every_answer_has_the_headers(client: httpx.AsyncClient) -> None:
    for path in ("/api/rows?count=1", "/api/nowhere", "/api/fails/crash", "/", "/api/stream"):
        headers = (await client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_long_json_is_packed_and_nothing_else(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/api/rows?count=500", headers={"Accept-Encoding": "br, gzip;q=0.5"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw)
    assert gzip.decompress(raw).count(b"row ") == 500
    short = await client.get("/api/rows?count=1", headers={"Accept-Encoding": "gzip"})
    stream = await client.get("/api/stream", headers={"Accept-Encoding": "gzip"})
    refused = await client.get("/api/rows?count=500", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert short.headers["vary"] == "Accept-Encoding"
    for answer in (short, stream, refused):
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("ZSTD", "zstd"),
        ("zstd;q=0.4, gzip;q=0.8", "gzip"),
        ("zstd; q=0, gzip", "gzip"),
        ("zstd;q=0.000", None),
        ("zstd;q=much", None),
        ("br", None),
    ],
)
async def test_the_better_packing_is_chosen(client: httpx.AsyncClient, offered: str, chosen: str | None) -> None:
    async with client.stream("GET", "/api/rows?count=500", headers={"Accept-Encoding": offered}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == chosen
    unpacked = {"zstd": zstandard.decompress, "gzip": gzip.decompress, None: bytes}[chosen](raw)
    assert unpacked.count(b"row ") == 500
    stream = await client.get("/api/stream", headers={"Accept-Encoding": offered})
    assert "content-encoding" not in stream.headers


async def test_what_fails_is_not_saved(door: Door, client: httpx.AsyncClient) -> None:
    async with door.ports.scope() as scope:
        before = await scope.users.ensure_local_user()
        await scope.users.users.delete(before)
    assert (await client.post("/api/users?fail=true")).status_code == 409
    assert await local_users(door) == 0
    assert (await client.post("/api/users")).status_code == 200
    assert await local_users(door) == 1


async def local_users(door: Door) -> int:
    async with door.ports.scope(write=False) as scope:
        return int(await scope.users.users.by_subject("opm:local", "local") is not None)


async def test_rows_are_saved_before_the_answer_leaves(door: Door) -> None:
    """When the head of the answer goes out, another reader already finds the rows."""
    seen: list[int] = []
    inner = door.app

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.append(await local_users(door))
            await send(message)

        await inner(scope, receive, watch)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(watching), base_url=ORIGIN) as client:
        assert await local_users(door) == 0
        assert (await client.post("/api/users")).status_code == 200
    assert seen == [1]
