"""Passwords of local accounts: Argon2id, and which passwords are too easy to guess (ASVS 5.0, 6.2)."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from pipeline.errors import StaffRefusedError

LENGTH_MIN, LENGTH_MAX = 12, 128
GUESSES_LOG10_MIN: Final = 8.0
"""Below it a password is one that `zxcvbn` makes of its 30,000 most common ones, of words, names, dates and keyboard
rows, within 10^8 guesses. There is no other rule for its characters.
"""
ESTIMATED: Final = 72
"""Characters that the estimate looks at; it takes long over more."""

_HASHER: Final = PasswordHasher()
_NOBODYS: Final = _HASHER.hash("nobody has this password")


def hashed(password: str, code: str) -> str:
    """Raises StaffRefusedError for one that will not do for this person."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise StaffRefusedError("password_length", f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters")
    if zxcvbn(password[:ESTIMATED], [code, "anwang"])["guesses_log10"] < GUESSES_LOG10_MIN:
        raise StaffRefusedError("password_common", "this password is too easy to guess: take another")
    return _HASHER.hash(password)


def opens(password_hash: str | None, password: str) -> bool:
    """Whether it is the password of this hash. It takes as long where there is no hash: nobody learns who exists."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password[: LENGTH_MAX + 1]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
