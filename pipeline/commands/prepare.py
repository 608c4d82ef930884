"""What must be there before a process starts: tables, keys, topics."""

import sys
from pathlib import Path

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.adapters.vault import KeyRing
from pipeline.commands.lines import FileRefusedError
from pipeline.settings import Settings


def migrate_databases(settings: Settings) -> None:
    _say("applied", asked(wiring.migrate_all(settings)), "both databases are up to date")


def make_topics(settings: Settings) -> None:
    _say("made", asked(wiring.create_topics(settings)), "all topics are there")


def make_keys(path: Path) -> None:
    """Raises FileRefusedError where there is a key ring already: its loss would be the loss of every report."""
    try:
        KeyRing.create(path)
    except FileExistsError:
        raise FileRefusedError(f"{path} exists; a key ring is never replaced") from None
    except OSError as error:
        raise FileRefusedError(f"{path} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"made {path}\nkeep a copy elsewhere: without it no report can be opened again\n")


def _say(verb: str, names: tuple[str, ...], nothing: str) -> None:
    sys.stdout.write("".join(f"{verb} {name}\n" for name in names) or f"{nothing}\n")
