"""TLS ended before a server that speaks none, as an ingress controller would."""

import asyncio
import base64
import contextlib
import hashlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Address = tuple[str, int]


@contextlib.contextmanager
def tls_door(at: Address, inside: Address, secrets: Path) -> Iterator[int]:
    """Listens `at` an address with ``tls.crt`` and ``tls.key``; gives its port. OSError where nobody can listen."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secrets / "tls.crt", secrets / "tls.key")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="door")
    thread.start()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(lambda r, w: _join(r, w, inside), *at, ssl=context)

    try:
        server = asyncio.run_coroutine_threadsafe(serve(), loop).result(20)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            asyncio.run_coroutine_threadsafe(_end(server), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inside: Address) -> None:
    with contextlib.suppress(OSError), contextlib.closing(writer):
        back, forth = await asyncio.open_connection(*inside)
        with contextlib.closing(forth):
            ways = [asyncio.create_task(_pass(reader, forth)), asyncio.create_task(_pass(back, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()


def pin_of(certificate: Path) -> str:
    """By which Chromium trusts this one key, and no other that nobody has signed."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()
