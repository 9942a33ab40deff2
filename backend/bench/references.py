"""Servers to compare the list of cards with, under the same server settings: `same` serves the same bytes and looks
at nothing; `query` makes the same query with nothing but the driver and an encoder. Neither knows who is asking.

Started as a program: ``python -m bench.references same <file>`` or ``query <database> <project id> [<limit> <rank>]``,
for a page behind a rank; prints its port.
"""

import asyncio
import base64
import gc
import socket
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import orjson
import uvicorn
import uvloop

Body = Callable[[], Awaitable[bytes]]

_CARD: tuple[str, ...] = (
    "id", "project_id", "title", "description", "status", "rank", "version", "current_session_id",
    "opencode_output", "execution_duration_ms", "file_references", "created_by", "created_at", "updated_at",
)  # fmt: skip
_ANSWER = "substr(t.opencode_output, 1, 300)"
_RUN: tuple[str, ...] = (
    "id", "status", "verdict", "reason", "retry_message", "execution_start_at", "execution_end_at", "tokens", "cost",
)  # fmt: skip
_QUERY = f"""
SELECT {", ".join(_ANSWER if name == "opencode_output" else f"t.{name}" for name in _CARD)},
  (SELECT max(i.kind) FROM interactions i WHERE i.task_id = t.id AND i.state = 'pending'),
  (SELECT min(i.created_at) FROM interactions i WHERE i.task_id = t.id AND i.state = 'pending'),
  {", ".join(f"s.{name}" for name in _RUN)},
  CASE WHEN s.status = 'queued' THEN (SELECT count(*) FROM opencode_sessions q
    WHERE q.project_id = s.project_id AND q.status = 'queued' AND q.id <= s.id) END
FROM tasks t LEFT JOIN opencode_sessions s ON s.id = t.current_session_id
WHERE t.project_id = $1 AND t.rank > $2 ORDER BY t.rank, t.id LIMIT $3
"""  # noqa: S608  made of constants


def same(path: Path) -> Body:
    body = path.read_bytes()

    async def answer() -> bytes:
        return body

    return answer


def query_sqlite(path: str, project: UUID, limit: int, after: str) -> Body:
    connection = sqlite3.connect(path)

    async def answer() -> bytes:
        rows = connection.execute(_QUERY, (project.hex, after, limit + 1)).fetchall()
        return _encoded(rows, limit, uuid=UUID, moment=_utc)

    return answer


def query_postgres(url: str, project: UUID, limit: int, after: str) -> Body:
    connection: asyncpg.Connection | None = None
    turn = asyncio.Lock()

    async def answer() -> bytes:
        nonlocal connection
        async with turn:
            connection = connection or await asyncpg.connect(url)
            rows = await connection.fetch(_QUERY, project, after, limit + 1)
        return _encoded(rows, limit, uuid=lambda value: value, moment=lambda value: value)

    return answer


def _encoded(rows: list[Any], limit: int, *, uuid: Callable[[Any], Any], moment: Callable[[Any], Any]) -> bytes:
    """Cards as the product says them. The measured board has never run, so runs are left out."""
    cards: list[dict[str, Any]] = []
    for row in rows[:limit]:
        card: dict[str, Any] = dict(zip(_CARD, row, strict=False))
        assert row[len(_CARD) + 2] is None, "this reference knows only cards that never ran"
        for name in ("id", "project_id", "created_by"):
            card[name] = None if card[name] is None else uuid(card[name])
        for name in ("created_at", "updated_at"):
            card[name] = moment(card[name])
        card["file_references"] = orjson.loads(card["file_references"])
        card["attention"], card["asked_at"], card["run"] = *row[len(_CARD) : len(_CARD) + 2], None
        cards.append(card)
    cursor = f"{cards[-1]['rank']}|{cards[-1]['id']}" if len(rows) > limit else None
    return msgspec.json.encode({"items": cards, "next_cursor": cursor and _cursor(cursor)})


def _cursor(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode()


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def application(body: Body) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        content = await body()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


def serve(body: Body) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        config = uvicorn.Config(
            application(body), http="httptools", lifespan="off", log_config=None, access_log=False, server_header=False
        )
        print(sock.getsockname()[1], flush=True)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        runner.run(uvicorn.Server(config).serve(sockets=[sock]))


def main(kind: str, where: str, project: str = "", limit: str = "50", after: str = "") -> None:
    if kind == "same":
        serve(same(Path(where)))
    elif where.startswith("postgresql"):
        serve(query_postgres(where, UUID(project), int(limit), after))
    else:
        serve(query_sqlite(where, UUID(project), int(limit), after))


if __name__ == "__main__":
    main(*sys.argv[1:])
