"""What board news are compared with: one channel of Redis, passed on to everybody who is connected, and nothing else.

Started as a program: ``python -m bench.relay <redis url> <channel>``; prints its port.
"""

import sys
from typing import Any

import uvloop
from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def relay(url: str, channel: str) -> None:
    connections: set[ServerConnection] = set()

    async def keep(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    async with serve(keep, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        redis: Any = Redis.from_url(url)
        async with redis.pubsub() as subscribed:
            await subscribed.subscribe(channel)
            print(server.sockets[0].getsockname()[1], flush=True)
            async for message in subscribed.listen():
                if message["type"] == "message":
                    broadcast(connections, message["data"].decode())


if __name__ == "__main__":
    uvloop.run(relay(*sys.argv[1:]))
