"""uvicorn inside our own loop: it listens, our process decides when it ends."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from pipeline.adapters.peer import fingerprint_of
from pipeline.errors import KeysRefusedError, UnavailableError

GRACE_S = 20
"""Above the time for which a request may wait for the broker."""

HEAD_WITHIN_S = 10.0
SWEEP_EVERY_S = 1.0
_CLOSE = {"Connection": "close"}


Answered = Callable[[int, float], None]


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HEADERS_OVER_TLS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


class Watched:
    """Tells the status of every answer, and after how many seconds it began."""

    def __init__(self, app: ASGIApp, answered: Answered) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answered(message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, told)


class Guarded:
    """Every answer tells a browser to take it for nothing but what it says it is, to frame it nowhere, to run nothing
    in it and to tell nobody where it came from; where it came over TLS, to come so for two years. What an answer says
    of these itself stands.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = {**HEADERS, **(HEADERS_OVER_TLS if scope.get("scheme") == "https" else {})}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


class Bounded:
    """No body beyond these bytes or this time, whoever reads it: an HTTPException of 413 or 408 ends the reading."""

    def __init__(self, app: ASGIApp, bytes_max: int, within_s: float) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        until, left, is_whole = time.monotonic() + self._within_s, self._bytes_max, False

        async def bounded() -> Message:
            nonlocal left, is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers=_CLOSE) from None
            left -= len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if left < 0:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=_CLOSE)
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and key of the server, and who signs the certificates of clients, each a PEM file; without
    `client_ca_file` no client is asked for one.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or 1.3; every connection proves itself anew. A client may show a certificate; where that is not
        signed as it should be, there is no connection. Raises KeysRefusedError.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        try:
            if self.key_file.stat().st_mode & 0o077:
                raise KeysRefusedError(f"{self.key_file} may be read by others; its mode must be 0600")
            context.load_cert_chain(self.cert_file, self.key_file)
            if self.client_ca_file:
                context.load_verify_locations(self.client_ca_file)
                context.verify_mode = ssl.CERT_OPTIONAL
        except (OSError, ssl.SSLError) as error:
            raise KeysRefusedError(f"certificate or key of the intake cannot be used: {type(error).__name__}") from None
        return context


_PEER = "client_certificate"


class _Protocol(H11Protocol):
    """Knows who is at the other end of its own connection: the certificate that the TLS handshake has proven."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls else None
        if shown:
            self.app_state = {**self.app_state, _PEER: fingerprint_of(shown)}


def peer_of(scope: Scope) -> str | None:
    """The fingerprint of the client certificate of this connection. No header says so: whoever calls writes those."""
    state: dict[str, Any] = scope.get("state", {})
    found = state.get(_PEER)
    return found if isinstance(found, str) else None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM is for the process: it ends the turn, then this server."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int, tls: Tls | None = None) -> AsyncIterator[int]:
    """Listens until left; then finishes the requests in hand. Gives the port. Raises UnavailableError when it cannot be
    had, KeysRefusedError.
    """
    context = tls.context() if tls else None
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UnavailableError(f"port {port} for the intake cannot be had: {error.strerror}") from error
    config = uvicorn.Config(
        Guarded(app),
        http=_Protocol,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="off",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    sweeping = asyncio.create_task(_sweep(server))
    try:
        yield bound.getsockname()[1]
        if serving.done():
            await serving
    finally:
        sweeping.cancel()
        server.should_exit = True
        await serving
        bound.close()


async def _sweep(server: uvicorn.Server) -> None:
    """Ends connections on which no whole head of a request has come for too long; uvicorn itself waits for ever. Until
    cancelled.
    """
    idle_since: dict[tuple[H11Protocol, RequestResponseCycle | None], float] = {}
    here = asyncio.current_task()
    while here and not here.cancelling():
        await asyncio.sleep(SWEEP_EVERY_S)
        now = time.monotonic()
        open_now = [c for c in server.server_state.connections if isinstance(c, H11Protocol)]
        idle = [(c, c.cycle) for c in open_now if c.cycle is None or c.cycle.response_complete]
        idle_since = {one: idle_since.get(one, now) for one in idle}
        for (connection, _), since in idle_since.items():
            if now - since > HEAD_WITHIN_S:
                connection.transport.close()
