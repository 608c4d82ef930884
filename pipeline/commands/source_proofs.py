"""Keys by which sources sign, certificates by which they connect: add, revoke, list, and whether they are due."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson

from pipeline import wiring
from pipeline.adapters.peer import read_certificate
from pipeline.adapters.postgres.proofs import Proofs
from pipeline.adapters.probes import asked
from pipeline.adapters.signatures import read_public_key
from pipeline.domain.directory import not_enrolled
from pipeline.domain.signed import KID
from pipeline.errors import RegisterRefusedError
from pipeline.settings import Settings, directory_of

T = TypeVar("T")


def add_key(settings: Settings, code: str, file: Path, kid: str | None) -> None:
    """From now on this key's signatures are the source's. Raises RegisterRefusedError."""
    key = read_public_key(file)
    name = kid or key.kid
    if not KID.fullmatch(name):
        raise RegisterRefusedError("a kid is letters, digits and . _ ~ : -, at most 128; say another by --kid")
    asked(_with_proofs(settings, code, lambda proofs: proofs.add_key(code, key, name)))
    sys.stdout.write(f"{code} signs by {name}\n")


def revoke_key(settings: Settings, code: str, kid: str) -> None:
    """What comes in from now on is not believed by this key. Raises RegisterRefusedError."""
    asked(_as_it_is(settings, lambda proofs: proofs.revoke_key(code, kid)))
    sys.stdout.write(f"revoked: what {code} signs by {kid} from now on is refused, or quarantined\n")


def require_signature(settings: Settings, code: str, *, due: bool) -> None:
    """Whether the source must sign. Raises RegisterRefusedError."""
    asked(_with_proofs(settings, code, lambda proofs: proofs.require_signature(code, due=due)))
    unsigned = "refused, or quarantined" if due else "believed; a signature that is there must still hold"
    sys.stdout.write(f"what {code} sends unsigned is {unsigned}\n")


def show_keys(settings: Settings, code: str | None, *, as_json: bool) -> None:
    _show(asked(_as_it_is(settings, lambda proofs: proofs.keys(code))), ("source", "kid", "curve"), as_json=as_json)


def add_certificate(settings: Settings, code: str, file: Path) -> None:
    """From now on the source's token opens the door only beside this certificate, which opens it alone, too. Raises
    RegisterRefusedError.
    """
    fingerprint = read_certificate(file)
    asked(_with_proofs(settings, code, lambda proofs: proofs.add_certificate(code, bytes.fromhex(fingerprint))))
    sys.stdout.write(f"{code} connects by {fingerprint}; its token alone opens nothing any more\n")


def revoke_certificate(settings: Settings, code: str, fingerprint: str) -> None:
    """Raises RegisterRefusedError."""
    try:
        found = bytes.fromhex(fingerprint)
    except ValueError:
        raise RegisterRefusedError("a fingerprint is 64 hexadecimal digits") from None
    asked(_as_it_is(settings, lambda proofs: proofs.revoke_certificate(code, found)))
    sys.stdout.write(f"revoked: {code} connects no more by {fingerprint}\n")


def require_certificate(settings: Settings, code: str, *, due: bool) -> None:
    """Whether the source's token needs a certificate beside it. Raises RegisterRefusedError."""
    asked(_with_proofs(settings, code, lambda proofs: proofs.require_certificate(code, due=due)))
    sys.stdout.write(f"the token of {code} alone opens {'nothing' if due else 'the door'}\n")


def show_certificates(settings: Settings, code: str | None, *, as_json: bool) -> None:
    rows = asked(_as_it_is(settings, lambda proofs: proofs.certificates(code)))
    _show(rows, ("source", "fingerprint"), as_json=as_json)


def _show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    for row in rows:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            continue
        since, until = row["added_at"], row["revoked_at"]
        state = f"since {since:%Y-%m-%d %H:%M}" + (f", revoked {until:%Y-%m-%d %H:%M}" if until else "")
        sys.stdout.write("  ".join((*(str(row[name]) for name in columns), state)) + "\n")


async def _as_it_is(settings: Settings, act: Callable[[Proofs], Awaitable[T]]) -> T:
    """Of a source that is not enrolled there is nothing to show and nothing to end."""
    async with wiring.proofs(settings) as (_, proofs):
        return await act(proofs)


async def _with_proofs(settings: Settings, code: str, act: Callable[[Proofs], Awaitable[T]]) -> T:
    """A source of the file is enrolled for it, without a credential: what is enrolled stands above the file."""
    of_file = directory_of(settings).find(code)
    async with wiring.proofs(settings) as (register, proofs):
        found = await register.find(code)
        if found is None and of_file:
            await register.enrol([of_file], await register.plan([of_file], None), None, None)
        elif found is None or found.revoked_at:
            raise RegisterRefusedError(not_enrolled(code))
        return await act(proofs)
