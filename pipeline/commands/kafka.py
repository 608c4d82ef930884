"""The broker's accounts: of our processes, of sources that write to it themselves, of readers of the queues."""

import os
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline import wiring
from pipeline.adapters.certificates import AUTHORITY, draw_authority, draw_broker
from pipeline.adapters.kafka.accounts import Accounts
from pipeline.adapters.kafka.brokers import read_password
from pipeline.adapters.probes import asked
from pipeline.commands.lines import FileRefusedError
from pipeline.commands.source import Asked, Shown, add, revoke
from pipeline.domain.directory import Source, not_enrolled
from pipeline.domain.kafka_rights import (
    reader_principal,
    rights_of_processes,
    rights_of_reader,
    rights_of_source,
    source_principal,
)
from pipeline.errors import AnwangError, RegisterRefusedError
from pipeline.settings import KafkaSecurity, Settings

PASSWORD_BYTES = 32
PASSWORD_FILE = "password"  # noqa: S105 - the name of a file
PRIVATE_MODE, SHARED_MODE = 0o600, 0o440
_READER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def draw_certificates(folder: Path, broker: Path, hosts: Sequence[str], *, is_shared: bool) -> None:
    """An authority of one's own in `folder` and the broker's certificate in `broker`, what is missing or ends within
    60 days. Raises FileRefusedError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if draw_authority(folder, datetime.now(UTC)):
            sys.stdout.write(f"made {folder / AUTHORITY}: clients believe brokers by it (kafka_ca_file)\n")
        mode = SHARED_MODE if is_shared else PRIVATE_MODE
        if draw_broker(folder, broker, hosts, datetime.now(UTC), mode):
            sys.stdout.write(f"made {broker} for {', '.join(hosts)}; restart the broker\n")
        else:
            sys.stdout.write(f"{broker} will do\n")
    except OSError as error:
        raise FileRefusedError(f"{error.filename} cannot be used: {error.strerror}") from error
    except (ValueError, TypeError):
        raise FileRefusedError(f"{folder} holds no authority that this command has drawn") from None


def settle_processes(settings: Settings, folder: Path) -> None:
    """Each process's account with exactly its rights, and the password that lies in its folder, drawn where there is
    none. Raises FileRefusedError.
    """
    accounts = asked(wiring.kafka_accounts(settings))
    for principal, rights in sorted(rights_of_processes(settings.kafka_group).items()):
        file = folder / principal.removeprefix("anwang.") / PASSWORD_FILE
        accounts.put(principal, _kept(file))
        changed = accounts.settle(principal, rights)
        told = f"{len(rights)} rights, {changed.given} new, {changed.taken} taken away"
        sys.stdout.write(f"{principal}: {told}; its password is in {file}\n")


def _kept(file: Path) -> str:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "w") as opened:
            opened.write(_drawn())
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise FileRefusedError(f"{file} cannot be written: {error.strerror}") from error
    return read_password(file)


def add_source(settings: Settings, wanted: Asked, shown: Shown, url: str | None) -> None:
    """Enrols one source with a topic of its own and prints the password by which it, and nobody else, writes there."""
    accounts = asked(wiring.kafka_accounts(settings))
    add(settings, wanted, shown, url)
    _give_source(accounts, _enrolled(settings, wanted.code))


def rotate_source(settings: Settings, code: str) -> None:
    """A new password; the one of before opens nothing from now on. Raises RegisterRefusedError."""
    source = _enrolled(settings, code)
    _give_source(asked(wiring.kafka_accounts(settings)), source)


def _enrolled(settings: Settings, code: str) -> Source:
    source = asked(wiring.read_directory(settings)).find(code)
    if source is None:
        raise RegisterRefusedError(not_enrolled(code))
    if source.revoked_at is not None:
        raise RegisterRefusedError(f"{code} is revoked; `anwang source add` enrols it anew")
    if not source.own_topic:
        raise RegisterRefusedError(f"{code} shares {source.topic} with others, so it cannot write there itself")
    return source


def _give_source(accounts: Accounts, source: Source) -> None:
    principal, password = source_principal(source.code), _drawn()
    accounts.settle(principal, rights_of_source(source.topic))
    accounts.put(principal, password)
    sys.stdout.write(f"{principal} writes to {source.topic}, and does nothing else, by SCRAM-SHA-512 over TLS\n")
    _show(password)


def revoke_source(settings: Settings, code: str) -> None:
    """Nothing of it is believed any more, and at a guarded broker it has neither rights nor password. The register
    comes about even where the broker does not answer; then this says so, and is to be called again.
    """
    failed: AnwangError | None = None
    if settings.kafka_security is KafkaSecurity.SASL_SSL:
        try:
            _take(settings, source_principal(code))
        except AnwangError as error:
            failed = error
    revoke(settings, code)
    if failed:
        sys.stderr.write(f"note: its account at the broker is still there; revoke {code} again once Kafka answers\n")
        raise failed


def _take(settings: Settings, principal: str) -> None:
    if asked(wiring.kafka_accounts(settings)).remove(principal):
        sys.stdout.write(f"{principal} has no right and no password at the broker any more\n")


def add_reader(settings: Settings, name: str) -> None:
    """An account that reads both queues. Raises RegisterRefusedError."""
    accounts, principal = asked(wiring.kafka_accounts(settings)), _reader(name)
    if principal in accounts.names():
        raise RegisterRefusedError(f"{principal} is there already; `anwang reader rotate` gives it a new password")
    _give_reader(accounts, principal)


def rotate_reader(settings: Settings, name: str) -> None:
    """A new password; the one of before opens nothing from now on. Raises RegisterRefusedError."""
    accounts, principal = asked(wiring.kafka_accounts(settings)), _reader(name)
    if principal not in accounts.names():
        raise RegisterRefusedError(f"there is no {principal}; `anwang reader add` makes one")
    _give_reader(accounts, principal)


def _give_reader(accounts: Accounts, principal: str) -> None:
    password = _drawn()
    accounts.settle(principal, rights_of_reader(principal))
    accounts.put(principal, password)
    sys.stdout.write(f"{principal} reads the queues of ALL centres, in groups whose names begin with {principal}.\n")
    sys.stdout.write("it is for the bureau's own programs: a centre reads its own records by the API\n")
    _show(password)


def revoke_reader(settings: Settings, name: str) -> None:
    """It reads nothing from now on. Raises RegisterRefusedError."""
    principal = _reader(name)
    if not asked(wiring.kafka_accounts(settings)).remove(principal):
        raise RegisterRefusedError(f"there is no {principal}")
    sys.stdout.write(f"{principal} has no right and no password at the broker any more\n")


def show_accounts(settings: Settings) -> None:
    """Everyone who has a password at the broker."""
    for name in sorted(asked(wiring.kafka_accounts(settings)).names()):
        sys.stdout.write(f"{name}\n")


def _reader(name: str) -> str:
    if not _READER.fullmatch(name):
        raise RegisterRefusedError("a reader is called by small letters, digits and hyphens")
    return reader_principal(name)


def _drawn() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _show(password: str) -> None:
    sys.stdout.write(f"password: {password}\nkeep it now: it is not shown again\n")
