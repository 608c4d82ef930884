"""`/metrics`, `/healthz` and `/readyz`, from threads of their own, so that they tell the truth while the loop hangs."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Self, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import make_wsgi_app

from pipeline.adapters.metrics import Metrics
from pipeline.adapters.pulse import Health, Pulse
from pipeline.errors import UnavailableError

REQUEST_TIMEOUT_S = 5
PORT_FILE_MODE = 0o600

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, _request: object, _client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_TIMEOUT_S

    def log_message(self, _format: str, *_args: object) -> None:
        """Requests are not logged: a URL is the client's text."""


class HealthServer:
    """Serves from `start` to `stop`. `port` is the one it got; it is written to `port_file` for who looks for it."""

    def __init__(self, pulse: Pulse, metrics: Metrics, port_file: Path) -> None:
        self._pulse = pulse
        self._metrics = metrics
        self._told = make_wsgi_app(metrics.registry)
        self._port_file = port_file
        self.port = 0

    def start(self, host: str, port: int) -> Self:
        """`port` 0 takes any free one. Raises UnavailableError when it cannot be had."""
        try:
            self._server = make_server(host, port, self._answer, server_class=_Server, handler_class=_Handler)
        except OSError as error:
            raise UnavailableError(f"port {port} for health and metrics cannot be had: {error.strerror}") from error
        self.port = self._server.server_port
        self._port_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port_file.write_text(f"{self.port}\n")
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._port_file.unlink(missing_ok=True)

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/healthz":
                return _told(self._pulse.alive(), start_response)
            case "/readyz":
                return _told(self._pulse.readiness(), start_response)
            case "/metrics":
                self._refresh()
                return cast("Iterable[bytes]", self._told(environ, start_response))
            case _:
                start_response("404 Not Found", [("Content-Type", "application/json")])
                return [b'{"status":"unknown"}\n']

    def _refresh(self) -> None:
        readiness = self._pulse.readiness()
        self._metrics.ready.set(readiness.ok)
        self._metrics.beat_age.set(readiness.ages_s["beat"] or 0.0)


def _told(health: Health, start_response: StartResponse) -> Iterable[bytes]:
    status = "200 OK" if health.ok else "503 Service Unavailable"
    start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    ages = {name: None if age is None else round(age, 3) for name, age in health.ages_s.items()}
    return [orjson.dumps({"status": "ok" if health.ok else "failing", "why": health.why, "ages_s": ages}) + b"\n"]
