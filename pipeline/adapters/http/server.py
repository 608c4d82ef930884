"""uvicorn inside our own loop: it listens, our process decides when it ends."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import UnavailableError

GRACE_S = 20
"""Above the time for which a request may wait for the broker."""


Answered = Callable[[int, float], None]


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


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM is for the process: it ends the turn, then this server."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Listens until left; then finishes the requests in hand. Gives the port. Raises UnavailableError when it cannot be
    had.
    """
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UnavailableError(f"port {port} for the intake cannot be had: {error.strerror}") from error
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_S, lifespan="off"
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    try:
        yield bound.getsockname()[1]
        if serving.done():
            await serving
    finally:
        server.should_exit = True
        await serving
        bound.close()
