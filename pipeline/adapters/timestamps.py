"""Timestamps of an authority by RFC 3161, with the library rfc3161-client; a bureau's own command fetches them."""

import asyncio
import shlex
from contextlib import suppress

from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, decode_timestamp_response

from pipeline.domain.anchors import Anchor, stamped_bytes
from pipeline.errors import UnavailableError

STAMP_TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 65_536
_GRANTED = frozenset({PKIStatus.GRANTED.value, PKIStatus.GRANTED_WITH_MODS.value})


class Timestamper:
    """Runs a command, without a shell, that reads a TimeStampReq on its input and prints a TimeStampResp, both DER."""

    def __init__(self, command: str, *, timeout_s: float = STAMP_TIMEOUT_S) -> None:
        self._argv = shlex.split(command)
        self._timeout_s = timeout_s

    async def stamp(self, anchor: Anchor) -> bytes:
        """The whole answer. Its imprint and its number are ours; whether its signer is to be trusted is for whoever
        reads it (`openssl ts -verify`). Raises UnavailableError.
        """
        data = stamped_bytes(anchor)
        request = TimestampRequestBuilder(data, HashAlgorithm.SHA512, nonce=True, cert_req=True).build()
        answer = await self._answer(request.as_bytes())
        try:
            response = decode_timestamp_response(answer)
            if response.status not in _GRANTED:
                raise UnavailableError("the timestamp was refused")
            told = response.tst_info
            is_ours = told.nonce == request.nonce and told.message_imprint.message == request.message_imprint.message
        except ValueError:
            raise UnavailableError("the timestamp command printed no timestamp") from None
        if not is_ours:
            raise UnavailableError("the timestamp is of something else")
        return answer

    async def _answer(self, request: bytes) -> bytes:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*self._argv, stdin=pipe, stdout=pipe, stderr=nowhere)
        except (OSError, ValueError):
            raise UnavailableError("the timestamp command cannot be run") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                answer, _ = await process.communicate(request)
        except TimeoutError:
            raise UnavailableError(f"the timestamp command took longer than {self._timeout_s:.0f} s") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode != 0 or not 0 < len(answer) <= ANSWER_BYTES_MAX:
            raise UnavailableError("the timestamp command failed")
        return answer


def is_stamp_of(anchor: Anchor) -> bool:
    """Whether the anchor's timestamp is of this anchor; not who signed it."""
    data = stamped_bytes(anchor)
    ours = TimestampRequestBuilder(data, HashAlgorithm.SHA512, nonce=False, cert_req=True).build()
    try:
        told = decode_timestamp_response(anchor.timestamp_token or b"").tst_info
    except ValueError:
        return False
    return bool(told.message_imprint.message == ours.message_imprint.message)
