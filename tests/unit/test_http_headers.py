"""What every answer tells a browser."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.adapters.http.server import HEADERS, HEADERS_OVER_TLS, Guarded


def plain(_request: Request) -> Response:
    return PlainTextResponse("told")


def of_its_own(_request: Request) -> Response:
    return PlainTextResponse("told", headers={"Content-Security-Policy": "default-src 'self'"})


APP = Guarded(Starlette(routes=[Route("/plain", plain), Route("/own", of_its_own)]))


@pytest.mark.parametrize("path", ["/plain", "/own", "/nowhere"])
def test_every_answer_bears_the_headers_that_keep_a_browser_from_guessing(path: str) -> None:
    told = TestClient(APP).get(path).headers
    assert HEADERS.keys() <= {name.title() for name in told}
    assert not HEADERS_OVER_TLS.keys() & {name.title() for name in told}


def test_what_an_answer_says_itself_stands() -> None:
    assert TestClient(APP).get("/own").headers["content-security-policy"] == "default-src 'self'"


def test_over_tls_a_browser_is_told_to_come_so_again() -> None:
    told = TestClient(APP, base_url="https://testserver").get("/plain").headers
    assert told["strict-transport-security"] == HEADERS_OVER_TLS["Strict-Transport-Security"]
