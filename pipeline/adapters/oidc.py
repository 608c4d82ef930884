"""Signing in at an OpenID provider: authorization code flow with PKCE, state and nonce. Authlib speaks OAuth, joserfc
checks what the provider has signed.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from pipeline.errors import OidcRefusedError, UnavailableError

ALGORITHMS: Final = ("ES256", "EdDSA", "PS256", "RS256")
"""Those with a key pair alone: a secret that both hold would let us sign what we check, and `none` signs nothing."""

WITHIN_S = 10.0
LEEWAY_S = 60
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Asking(NamedTuple):
    """Where to send the browser, and what must be known when it comes back."""

    url: str
    nonce: str
    verifier: str


class Vouched(NamedTuple):
    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Provider:
    """`issuer` is compared letter by letter; it is reached by TLS, on this machine also without."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str

    def __post_init__(self) -> None:
        if not _is_guarded(self.issuer):
            raise OidcRefusedError("issuer_without_tls", "the setting oidc_issuer must begin with https://")

    async def ask(self, state: str) -> Asking:
        """Raises UnavailableError where the provider does not answer, OidcRefusedError where it is another."""
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        async with self._client() as client:
            endpoints = await self._endpoints(client)
            url, _ = client.create_authorization_url(
                endpoints["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return Asking(url, nonce, verifier)

    async def vouch(self, code: str, verifier: str, nonce: str) -> Vouched:
        """Whom the provider vouches for. Raises OidcRefusedError where anything of its answer will not do,
        UnavailableError.
        """
        async with self._client() as client:
            endpoints = await self._endpoints(client)
            try:
                answer = await client.fetch_token(
                    endpoints["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
                keys = KeySet.import_key_set(cast("KeySetSerialization", await _json(client, endpoints["jwks_uri"])))
                return self._checked(jwt.decode(answer.get("id_token", ""), keys, [*ALGORITHMS]), nonce)
            except AuthlibBaseError as error:
                raise OidcRefusedError("code_refused", "the provider does not take this code") from error
            except (JoseError, ValueError) as error:
                raise OidcRefusedError("id_token_refused", "what the provider has signed will not do") from error
            except httpx2.HTTPError as error:
                raise UnavailableError(f"the OpenID provider did not answer: {type(error).__name__}") from error

    def _checked(self, token: jwt.Token, nonce: str) -> Vouched:
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            azp={"essential": _has_many(token.claims.get("aud")), "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        )
        rules.validate(token.claims)
        return Vouched(self.issuer, str(token.claims["sub"]))

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.client_id,
            self.client_secret,
            scope="openid",
            redirect_uri=self.redirect_url,
            code_challenge_method="S256",
            timeout=WITHIN_S,
            trust_env=False,
        )

    async def _endpoints(self, client: AsyncOAuth2Client) -> dict[str, str]:
        try:
            told = await _json(client, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        except (httpx2.HTTPError, ValueError) as error:
            raise UnavailableError(f"the OpenID provider did not answer: {type(error).__name__}") from error
        if told.get("issuer") != self.issuer:
            raise OidcRefusedError("issuer_other", "the provider calls itself otherwise than the setting oidc_issuer")
        endpoints = {name: str(told.get(name, "")) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        if any(not _is_guarded(url) for url in endpoints.values()):
            raise OidcRefusedError("endpoint_without_tls", "the provider names no address, or one without TLS")
        return endpoints


def _is_guarded(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or parts.hostname in _LOOPBACK)


def _has_many(audience: object) -> bool:
    return isinstance(audience, list) and len(audience) > 1


async def _json(client: AsyncOAuth2Client, url: str) -> dict[str, Any]:
    answer = await client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told
