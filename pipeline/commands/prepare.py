"""What must be there before a process starts: tables, keys, topics."""

import sys
from collections.abc import Callable
from pathlib import Path

from pipeline import wiring
from pipeline.adapters.anchors import create_key
from pipeline.adapters.probes import asked
from pipeline.adapters.vault import GateKeys, KeyRing
from pipeline.commands.lines import FileRefusedError
from pipeline.settings import Settings


def migrate_databases(settings: Settings) -> None:
    _say("applied", asked(wiring.migrate_all(settings)), "both databases are up to date")


def make_topics(settings: Settings) -> None:
    _say("made", asked(wiring.create_topics(settings)), "all topics are there")


def make_keys(settings: Settings) -> None:
    """Makes the key files that are missing. Raises FileRefusedError where none is: the loss of one would be the loss of
    every report.
    """
    drawn: dict[Path, Callable[[Path], object]] = {
        settings.key_file: KeyRing.create,
        settings.gate_key_file: GateKeys.create,
        settings.anchor_key_file: create_key,
    }
    made = [path for path, create in drawn.items() if _made(path, create)]
    if not made:
        raise FileRefusedError(f"{settings.key_file} exists; a key ring is never replaced")
    for path in made:
        sys.stdout.write(f"made {path}\n")
    sys.stdout.write("keep a copy elsewhere: without the key ring no report can be opened again\n")


def _made(path: Path, create: Callable[[Path], object]) -> bool:
    try:
        create(path)
    except FileExistsError:
        return False
    except OSError as error:
        raise FileRefusedError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _say(verb: str, names: tuple[str, ...], nothing: str) -> None:
    sys.stdout.write("".join(f"{verb} {name}\n" for name in names) or f"{nothing}\n")
