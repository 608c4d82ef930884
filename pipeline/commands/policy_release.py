"""Steps by which a policy comes into force: keys, propose, sign, activate, roll back."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pipeline import wiring
from pipeline.adapters.postgres.releases import Releases
from pipeline.adapters.probes import asked
from pipeline.adapters.signing import SigningKey, read_public, shown
from pipeline.commands.policy_file import PolicyRefusedError
from pipeline.contracts.decision import TAIPEI, in_taipei
from pipeline.domain.policy.release import SIGNERS_MIN
from pipeline.domain.policy.release_activation import Start
from pipeline.domain.policy.release_refusals import ReleaseRefusal, refused
from pipeline.domain.rulings import is_staff_code
from pipeline.settings import Settings

T = TypeVar("T")


def new_key(by: str, out: Path) -> None:
    """Raises ReleaseRefusedError for what is no staff code, KeysRefusedError for a file that is there."""
    if not is_staff_code(by):
        raise refused(ReleaseRefusal.NOT_A_STAFF_CODE, staff=by)
    key = SigningKey.create(out)
    sys.stdout.write(
        f"{out} holds your key; keep it to yourself\n"
        f"to register it: anwang policy key add {by} {shown(key.public_key)}\n"
    )


def add_key(settings: Settings, staff: str, public_key: str) -> None:
    asked(with_releases(settings, lambda book: book.register(staff, read_public(public_key))))
    sys.stdout.write(f"{staff} may sign policies with this key\n")


def revoke_key(settings: Settings, staff: str) -> None:
    asked(with_releases(settings, lambda book: book.revoke(staff)))
    sys.stdout.write(f"the key of {staff} signs nothing any more; what it signed before stays signed\n")


def propose(settings: Settings, file: Path, by: str, note: str | None) -> None:
    text = _text_of(file)
    policy, is_new = asked(with_releases(settings, lambda book: book.propose(text, by, note)))
    if not is_new:
        sys.stdout.write(f"{policy.version} was proposed before, with the same contents; nothing changed\n")
        return
    sys.stdout.write(
        f"proposed {policy.version} ({policy.tables.zh} / {policy.tables.en})\n"
        f"SHA-256 {policy.digest}\n"
        f"it needs the signatures of {SIGNERS_MIN} people: anwang policy sign {policy.version} --key FILE --by CODE\n"
    )


def _text_of(file: Path) -> str:
    """Byte for byte: the digest is that of the file. Raises PolicyRefusedError."""
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise PolicyRefusedError(f"the file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PolicyRefusedError(f"the file {file} is not UTF-8") from None


def sign(settings: Settings, version: str, key_file: Path, by: str) -> None:
    key = SigningKey.load(key_file)
    release, signers = asked(with_releases(settings, lambda book: book.sign(version, by, key)))
    others = [s for s in signers if s.casefold() != by.casefold()]
    sys.stdout.write(
        f"{by} signed {version}\nSHA-256 {release.digest}\n"
        f"proposed by {release.proposed_by} at {when(release.proposed_at)}{_noted(release.note)}\n"
        f"{'signed before by ' + ', '.join(others) if others else 'nobody else has signed it yet'}\n"
    )
    if len(signers) >= SIGNERS_MIN:
        sys.stdout.write(
            f"it may be activated: anwang policy activate {version} --starts TIME --by CODE --second CODE\n"
        )


def _noted(note: str | None) -> str:
    return f": {note}" if note else ""


def activate(settings: Settings, version: str, starts: str, people: tuple[str, str]) -> None:
    wanted = Start(version, _instant(starts), *people)
    number = asked(with_releases(settings, lambda book: book.activate(wanted)))
    sys.stdout.write(
        f"activation {number}: {version} is in force from {when(wanted.starts_at)} on\n"
        "a report that comes in before that is judged by the policy of its time\n"
    )


def _instant(text: str) -> datetime:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise refused(ReleaseRefusal.NOT_A_TIME, text=text) from None
    return told if told.tzinfo else told.replace(tzinfo=TAIPEI)


def roll_back(settings: Settings, key_files: Sequence[Path], number: int | None) -> None:
    if len(key_files) != SIGNERS_MIN:
        raise refused(ReleaseRefusal.NOT_TWO_KEYS)
    one, other = (SigningKey.load(file) for file in key_files)
    plan = asked(with_releases(settings, lambda book: book.roll_back((one, other), number)))
    sys.stdout.write(
        f"activation {plan.undoes} ({plan.leaves}) {'does not begin' if plan.was_planned else 'ends'}; "
        f"from {when(plan.starts_at)} on {plan.version or 'the shipped policy'} is in force\n"
        "cases stay as they were judged\n"
    )


def when(at: datetime) -> str:
    """In Taiwan's time, as people read it."""
    return in_taipei(at).isoformat(sep=" ", timespec="seconds")


async def with_releases(settings: Settings, act: Callable[[Releases], Awaitable[T]]) -> T:
    async with wiring.releases(settings) as book:
        return await act(book)
