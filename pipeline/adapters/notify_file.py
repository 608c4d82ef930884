"""The targets file with all that it names: secrets and passwords lie in files that only their owner may read."""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adapters.mail_signing import MailSigner
from pipeline.contracts.notify import NotifyFile, parse_notify
from pipeline.errors import AnwangError

SECRETS_MAX = 4


class NotifyRefusedError(AnwangError):
    """The targets file, or a file that it names, will not do; the text names file and key, never a value."""


@dataclass(frozen=True, slots=True)
class Told:
    """`secrets` are those of each webhook by its target's name."""

    file: NotifyFile = field(default_factory=NotifyFile)
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    password: str | None = None
    signer: MailSigner | None = None


def load_notify(path: Path | None) -> Told:
    """Nobody is told where no file is named. Raises NotifyRefusedError."""
    if path is None:
        return Told()
    try:
        file = parse_notify(_read(path))
    except ValueError as error:
        raise NotifyRefusedError(f"the file {path}: {error}") from None
    secrets = {t.name: _secrets(Path(t.secret_file)) for t in file.target if t.secret_file}
    smtp = file.smtp
    password = _guarded(Path(smtp.password_file)).strip() if smtp and smtp.password_file else None
    return Told(file, secrets, password, _signer(file))


def _signer(file: NotifyFile) -> MailSigner | None:
    smtp = file.smtp
    if smtp is None or smtp.sign_cert_file is None or smtp.sign_key_file is None:
        return None
    key = _guarded(Path(smtp.sign_key_file)).encode()
    try:
        return MailSigner(Path(smtp.sign_cert_file), key)
    except OSError as error:
        raise NotifyRefusedError(f"the file {smtp.sign_cert_file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise NotifyRefusedError("sign_cert_file and sign_key_file are no certificate and its RSA or EC key") from None


def _secrets(path: Path) -> tuple[str, ...]:
    found = tuple(line.strip() for line in _guarded(path).splitlines() if line.strip())
    if not found or len(found) > SECRETS_MAX or not all(map(_is_secret, found)):
        raise NotifyRefusedError(f"the file {path} holds no secrets: whsec_ and 24 to 64 bytes in base64, one a line")
    return found


def _is_secret(line: str) -> bool:
    """As Standard Webhooks wants it."""
    try:
        return line.startswith("whsec_") and len(base64.b64decode(line[6:], validate=True)) in range(24, 65)
    except binascii.Error:
        return False


def _guarded(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise NotifyRefusedError(f"the file {path} may be read by others; its mode must be 0600")
    except OSError as error:
        raise NotifyRefusedError(f"the file {path} cannot be read: {error.strerror}") from None
    return _read(path)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise NotifyRefusedError(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotifyRefusedError(f"the file {path} is not UTF-8") from None
