"""What a source shows at the door. Only digests are stored: 125 bits or more of chance need no slow hash."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

CODE_GROUPS, CODE_GROUP_CHARACTERS = 5, 5


class Purpose(StrEnum):
    """`TOKEN` sends reports. `FORM` opens a site's form. `ENROLMENT` is a one-time code, good for one token."""

    TOKEN = "token"  # noqa: S105 - a word, no token
    FORM = "form"
    ENROLMENT = "enrolment"


@dataclass(frozen=True, slots=True)
class Credential:
    """`expires_at` None is without an end."""

    source: str
    purpose: Purpose
    expires_at: datetime | None

    def opens(self, purpose: Purpose, at: datetime) -> bool:
        return self.purpose is purpose and (self.expires_at is None or at < self.expires_at)


def drawn(purpose: Purpose) -> str:
    """A new secret: a token to copy, a form key for a QR code, or a code that a person can type."""
    match purpose:
        case Purpose.TOKEN:
            return f"anwang_{secrets.token_urlsafe(32)}"
        case Purpose.FORM:
            return secrets.token_urlsafe(24)
        case Purpose.ENROLMENT:
            text = base64.b32encode(secrets.token_bytes(16)).decode()
            starts = range(0, CODE_GROUPS * CODE_GROUP_CHARACTERS, CODE_GROUP_CHARACTERS)
            return "-".join(text[at : at + CODE_GROUP_CHARACTERS] for at in starts)


def digest_of(secret: str) -> bytes:
    """By which it is found."""
    return sha256(secret.strip().encode("utf-8", "surrogatepass")).digest()


def typed(code: str) -> str:
    """A one-time code as it was drawn, however a person has typed it."""
    letters = "".join(c for c in code.upper() if c.isalnum())
    starts = range(0, len(letters), CODE_GROUP_CHARACTERS)
    return "-".join(letters[at : at + CODE_GROUP_CHARACTERS] for at in starts)
