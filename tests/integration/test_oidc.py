"""Signing in at an OpenID provider: one on 127.0.0.1 that signs with real keys, and tells lies when it is asked to."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from lab import Lab
from staff import signed_in
from test_desk import bearing, desk_for_nobody, problem

from pipeline.adapters.http.server import listening
from pipeline.domain.posts import PostRole
from pipeline.local.ports import LOOPBACK

CLIENT, SUBJECT = "desk", "subject-1"


@dataclass
class Liar:
    """A provider. `claims` replace those of its next token; `forge` makes the token itself from them."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    nonces: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    forge: Any = None
    verifiers: list[str] = field(default_factory=list)

    def token(self, code: str) -> str:
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": SUBJECT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonces[code],
        }
        claims = {name: value for name, value in (told | self.claims).items() if value is not None}
        if self.forge:
            return str(self.forge(claims))
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


def provider_app(liar: Liar) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    async def metadata() -> dict[str, str]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": liar.issuer, **{name: liar.issuer + path for name, path in ends.items()}}

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        return {"keys": [liar.key.as_dict(private=False)]}

    @app.post("/token")
    async def token(request: Request) -> dict[str, Any]:
        form = parse_qs((await request.body()).decode())
        liar.verifiers.append(form["code_verifier"][0])
        return {"access_token": "none", "token_type": "Bearer", "id_token": liar.token(form["code"][0])}

    return app


@asynccontextmanager
async def signing_in(lab: Lab) -> AsyncIterator[tuple[Liar, httpx.AsyncClient]]:
    liar = Liar()
    secret = lab.settings.data_dir / "oidc-secret"
    secret.write_text("of nobody")
    secret.chmod(0o600)
    async with listening(provider_app(liar), LOOPBACK, 0) as port:
        liar.issuer = f"http://{LOOPBACK}:{port}"
        told = {
            "ANWANG_DESK_LOCAL_ACCOUNTS": "false",
            "ANWANG_OIDC_ISSUER": liar.issuer,
            "ANWANG_OIDC_CLIENT_ID": CLIENT,
            "ANWANG_OIDC_CLIENT_SECRET_FILE": str(secret),
            "ANWANG_OIDC_REDIRECT_URL": "http://127.0.0.1:9/v1/session/oidc/callback",
        }
        async with desk_for_nobody(lab, **told) as client:
            yield liar, client


async def went(liar: Liar, client: httpx.AsyncClient, code: str) -> tuple[str, dict[str, str]]:
    """The state, and the cookie that the browser holds, once the provider has sent it back with this code."""
    sent = await client.get("/v1/session/oidc")
    assert sent.status_code == 303, sent.text
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert asked["code_challenge"]
    liar.nonces[code] = asked["nonce"]
    cookie = sent.headers["set-cookie"]
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    client.cookies.clear()
    return asked["state"], {"cookie": cookie.split(";")[0]}


async def back(client: httpx.AsyncClient, code: str, state: str, cookie: dict[str, str]) -> httpx.Response:
    answer = await client.get("/v1/session/oidc/callback", params={"code": code, "state": state}, headers=cookie)
    client.cookies.clear()
    return answer


async def enrol(lab: Lab, issuer: str) -> None:
    await signed_in(lab, "S1", PostRole.SCREENER)
    await lab.pool.execute("UPDATE staff SET oidc_issuer = $1, oidc_subject = $2", issuer, SUBJECT)


async def test_whom_the_provider_vouches_for_is_signed_in_once(lab: Lab) -> None:
    async with signing_in(lab) as (liar, client):
        state, cookie = await went(liar, client, "one")
        assert problem(await back(client, "one", state, cookie)) == (403, "sign_in_refused"), "nobody here yet"
        await enrol(lab, liar.issuer)
        state, cookie = await went(liar, client, "two")
        signed = await back(client, "two", state, cookie)
        assert (signed.status_code, signed.json()["staff"]) == (201, "S1"), signed.text
        assert (await client.get("/v1/cases", headers=bearing(signed.json()["token"]))).status_code == 200
        assert problem(await back(client, "two", state, cookie)) == (403, "sign_in_refused"), "used once"
        assert len(set(liar.verifiers)) == 2
    assert await lab.count("oidc_flow") == 0


async def test_a_forged_answer_signs_nobody_in(lab: Lab) -> None:
    other = RSAKey.generate_key(2048, {"kid": "one"})

    def unsigned(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(256), algorithms=["none"])

    def by_another_key(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)

    def by_a_shared_secret(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("of nobody, and long enough for this"))

    lies: list[dict[str, Any]] = [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://login.example"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"sub": None},
        {"sub": "subject-2"},
    ]
    async with signing_in(lab) as (liar, client):
        await enrol(lab, liar.issuer)
        for number, (claims, forge) in enumerate(
            [*((lie, None) for lie in lies), *(({}, forge) for forge in (unsigned, by_another_key, by_a_shared_secret))]
        ):
            liar.claims, liar.forge = claims, forge
            state, cookie = await went(liar, client, str(number))
            answer = await back(client, str(number), state, cookie)
            assert problem(answer) == (403, "sign_in_refused"), (claims, forge)
        liar.claims, liar.forge = {}, None
        state, cookie = await went(liar, client, "a")
        strange, _ = await went(liar, client, "b")
        assert problem(await back(client, "a", strange, cookie)) == (403, "sign_in_refused"), "another's state"
        assert problem(await back(client, "a", state, {})) == (403, "sign_in_refused"), "another browser"
    assert await lab.count("staff_session") == 1, "the one of before"
