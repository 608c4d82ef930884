"""The keys: made, replaced while all runs, counted, forgotten."""

import asyncio
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import orjson

from pipeline import wiring
from pipeline.adapters.anchors import create_key
from pipeline.adapters.postgres.key_turns import VersionRow
from pipeline.adapters.probes import asked
from pipeline.adapters.vault import GateKeys, GatePurpose, KeyFile, KeyPurpose, gate_file, ring_file
from pipeline.commands.lines import FileRefusedError
from pipeline.settings import Settings


class Which(StrEnum):
    """What can be replaced."""

    WRAPPING = "wrapping"
    CASE = "case"
    DATA = "data"
    INDEX = "index"
    DIGEST = "digest"
    GATE = "gate"

    @property
    def purpose(self) -> KeyPurpose:
        return KeyPurpose.DIGESTING if self is Which.DIGEST else KeyPurpose(self.value)


def make_keys(settings: Settings) -> None:
    """Makes the key files that are missing. Raises FileRefusedError where none is: the loss of one would be the loss of
    every report.
    """
    drawn: dict[Path, Callable[[], object]] = {
        settings.key_file: lambda: asyncio.run(wiring.create_ring(settings)),
        settings.gate_key_file: lambda: GateKeys.create(settings.gate_key_file),
        settings.anchor_key_file: lambda: create_key(settings.anchor_key_file),
    }
    made = [path for path, create in drawn.items() if _made(path, create)]
    if not made:
        raise FileRefusedError(f"{settings.key_file} exists; a key ring is never replaced")
    for path in made:
        sys.stdout.write(f"made {path}\n")
    sys.stdout.write("keep a copy elsewhere: without the key ring no report can be opened again\n")


def _made(path: Path, create: Callable[[], object]) -> bool:
    try:
        create()
    except FileExistsError:
        return False
    except OSError as error:
        raise FileRefusedError(f"{path} cannot be written: {error.strerror}") from error
    return True


def draw(settings: Settings, which: Which) -> None:
    """The version after the newest, into the file alone. Raises KeysRefusedError."""
    file, names = _files(settings, which)
    if not names:
        raise FileRefusedError(f"a {which} key lies in the database, not in a file; it needs no drawing")
    for name in names:
        held = file.read()[name]
        file.draw(name, held.newest + 1)
        sys.stdout.write(f"drew {name}, version {held.newest + 1}, into {file.path}\n")


def _files(settings: Settings, which: Which) -> tuple[KeyFile, tuple[str, ...]]:
    if which is Which.GATE:
        return gate_file(settings.gate_key_file), tuple(GatePurpose)
    names = (which.purpose.value,) if which in (Which.WRAPPING, Which.INDEX, Which.DIGEST) else ()
    return ring_file(settings.key_file, wraps=which is Which.WRAPPING), names


def rotate(settings: Settings, which: Which) -> None:
    """Tells its progress on standard error. Raises KeysRefusedError."""
    if which is Which.GATE:
        _rotate_gate(settings)
        return

    async def act() -> int:
        async with wiring.rotation(settings) as rotation:
            return await rotation.rotate(which.purpose, lambda done: _tell(which, done))

    version = asked(act())
    if which is Which.DIGEST:
        sys.stdout.write(f"digests are made under version {version}; those that stand in the inbox keep theirs\n")
    else:
        sys.stdout.write(
            f"all lies under version {version} of the {which} key; `anwang keys prune` forgets older ones\n"
        )


def _tell(which: Which, done: int) -> None:
    sys.stderr.write(f"{which}: {done:,}\n")
    sys.stderr.flush()


def _rotate_gate(settings: Settings) -> None:
    file = gate_file(settings.gate_key_file)
    for purpose in GatePurpose:
        held = file.read()[purpose]
        version = held.keys.current + 1
        file.draw(purpose, version)
        file.settle(purpose, version, {})
        sys.stdout.write(f"{purpose}: version {version} from now on; what was made under older ones stays good\n")


def show_status(settings: Settings, *, as_json: bool) -> None:
    async def act() -> list[VersionRow]:
        async with wiring.rotation(settings) as rotation:
            return await rotation.status()

    for row in asked(act()):
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(row._asdict(), option=orjson.OPT_APPEND_NEWLINE))
        else:
            sys.stdout.write(_line(row))


def _line(row: VersionRow) -> str:
    if row.is_current:
        state = "current"
    elif row.retired_at:
        state = f"retired {row.retired_at.date().isoformat()}"
    else:
        state = "older"
    return f"{row.purpose.value:<10} version {row.version:<3} {state:<20} {row.values:>12,}\n"


def prune(settings: Settings, days: int) -> None:
    async def act() -> list[VersionRow]:
        async with wiring.rotation(settings) as rotation:
            return await rotation.prune(days)

    gone = asked(act())
    sys.stdout.write("".join(f"forgot {r.purpose} version {r.version}\n" for r in gone) or "nothing to forget\n")
