"""E-mail by SMTP: one message to one address, always under the same Message-ID, signed by S/MIME where that is set."""

import asyncio
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP as AS_SENT
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from pipeline.contracts.notify import Smtp, Target, Tls, Told
from pipeline.domain.notice_text import Labels, subject_of, text_of
from pipeline.domain.notify import Ended, Outcome

WITHIN_S: Final = 10.0
"""For all of a try."""

PERMANENT: Final = range(500, 600)

Signs = Callable[[bytes], bytes]
"""A MIME part as it is sent → the signed one, with its own MIME headers before it."""


class Mail:
    """`password` belongs to the settings' user. The server is believed by its certificate alone."""

    def __init__(self, smtp: Smtp, password: str | None, *, labels: Labels, signs: Signs | None = None) -> None:
        self._smtp, self._password, self._labels, self._signs = smtp, password, labels, signs
        self._tls = None if smtp.tls is Tls.NONE else ssl.create_default_context(cafile=smtp.ca_file)

    async def send(self, target: Target, told: Told) -> Outcome:
        address = target.email or ""
        try:
            async with asyncio.timeout(WITHIN_S), self._server() as server:
                await server.sendmail(self._smtp.sender, [address], self._message(address, told))
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _of_status(error.recipients[0].code)
        except aiosmtplib.SMTPAuthenticationError:
            return Outcome(Ended.TRY_AGAIN, "smtp_sign_in")
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            return Outcome(Ended.TRY_AGAIN, "timeout")
        except aiosmtplib.SMTPResponseException as error:
            return _of_status(error.code)
        except (aiosmtplib.SMTPException, OSError):
            return Outcome(Ended.TRY_AGAIN, "unreachable")
        return Outcome(Ended.SENT, "sent")

    def _server(self) -> aiosmtplib.SMTP:
        told = self._smtp
        return aiosmtplib.SMTP(
            hostname=told.host,
            port=told.port,
            username=told.user,
            password=self._password,
            use_tls=told.tls is Tls.TLS,
            start_tls=told.tls is Tls.STARTTLS,
            tls_context=self._tls,
            timeout=WITHIN_S,
        )

    def _message(self, address: str, told: Told) -> bytes:
        head = {
            "From": self._smtp.sender,
            "To": address,
            "Subject": subject_of(told),
            "Date": format_datetime(told.made_at),
            "Message-ID": f"<{told.notification_id}@{self._smtp.sender.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        }
        message = EmailMessage(policy=AS_SENT)
        message.set_content(text_of(told, self._labels), cte="base64")
        if self._signs is None:
            for name, value in head.items():
                message[name] = value
            return message.as_bytes()
        del message["MIME-Version"]
        return _head(head) + self._signs(message.as_bytes())


def _head(head: dict[str, str]) -> bytes:
    """The header lines alone: what is signed after them must stay as it is, byte for byte."""
    outer = EmailMessage(policy=AS_SENT)
    for name, value in head.items():
        outer[name] = value
    return outer.as_bytes().rstrip(b"\r\n") + b"\r\n"


def _of_status(status: int) -> Outcome:
    """By RFC 5321 what begins with 5 will not do another time either."""
    return Outcome(Ended.REFUSED if status in PERMANENT else Ended.TRY_AGAIN, f"smtp_{status}")
