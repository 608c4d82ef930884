"""Webhooks, signed as Standard Webhooks says: the receiver knows by `webhook-id` what it has had before."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

import httpx2
from standardwebhooks.webhooks import Webhook

import pipeline
from pipeline.contracts.notify import Notification, Target, Told
from pipeline.domain.notify import Ended, Outcome

WITHIN_S: Final = 10.0
"""For all of a try. The answer's body is not read."""

GONE: Final = 410
OK: Final = range(200, 300)


class Webhooks:
    """`secrets` are those of each target by its name, the newest first; all of them sign. Nothing of the environment
    (proxies, certificates) is heeded, no redirect is followed.
    """

    def __init__(self, secrets: Mapping[str, Sequence[str]], now: Callable[[], datetime]) -> None:
        self._signers = {name: [Webhook(secret) for secret in told] for name, told in secrets.items()}
        self._now = now
        self._client = httpx2.AsyncClient(timeout=WITHIN_S, follow_redirects=False, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, target: Target, told: Told) -> Outcome:
        body = Notification(timestamp=told.made_at, data=told).model_dump_json()
        headers = self._headers(target, told, body)
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                self._client.stream("POST", target.webhook or "", content=body, headers=headers) as answer,
            ):
                return _outcome(answer.status_code, answer.headers.get("retry-after"))
        except (TimeoutError, httpx2.TimeoutException):
            return Outcome(Ended.TRY_AGAIN, "timeout")
        except httpx2.HTTPError:
            return Outcome(Ended.TRY_AGAIN, "unreachable")

    def _headers(self, target: Target, told: Told, body: str) -> dict[str, str]:
        at, name = self._now(), str(told.notification_id)
        return {
            "content-type": "application/json",
            "user-agent": f"anwang/{pipeline.__version__}",
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(name, at, body) for signer in self._signers[target.name]),
        }


def _outcome(status: int, retry_after: str | None) -> Outcome:
    """410 says that nobody is there any more; whatever else is no success may be mended at the other end."""
    if status in OK:
        return Outcome(Ended.SENT, "sent")
    if status == GONE:
        return Outcome(Ended.REFUSED, "http_410")
    is_told = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
    wait = timedelta(seconds=min(int(retry_after[:6]), 3600)) if is_told and retry_after else None
    return Outcome(Ended.TRY_AGAIN, f"http_{status}", wait)
