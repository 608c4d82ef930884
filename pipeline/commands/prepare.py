"""What must be there before a process starts: tables, topics."""

import sys

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.settings import Settings


def migrate_databases(settings: Settings) -> None:
    _say("applied", asked(wiring.migrate_all(settings)), "both databases are up to date")


def make_topics(settings: Settings) -> None:
    _say("made", asked(wiring.create_topics(settings)), "all topics are there")


def _say(verb: str, names: tuple[str, ...], nothing: str) -> None:
    sys.stdout.write("".join(f"{verb} {name}\n" for name in names) or f"{nothing}\n")
