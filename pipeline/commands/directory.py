"""Shows and checks the directory of centres."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pipeline.adapters.centre_folder import read_folder
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.assignment_words import kind_words
from pipeline.domain.centres import SPECIALISED, Centre, CentreBook, CentreKind, CentresRefusedError
from pipeline.errors import AnwangError
from pipeline.settings import Settings

OK, FAILED = 0, 1


class TownRefusedError(AnwangError):
    """No town of this name, or several."""


def check(folder: Path | None) -> int:
    """Tells what a directory holds, or every mistake in it by file and line; 1 where there is one."""
    try:
        book = read_folder(folder)
    except CentresRefusedError as refused:
        for fault in refused.faults:
            sys.stdout.write(f"{fault}\n")
        sys.stdout.write(f"{len(refused.faults)} mistakes\n")
        return FAILED
    sys.stdout.write("\n".join(_counts(book)) + "\n")
    return OK


def show(settings: Settings, name: str) -> None:
    """The centres of a town, such as 松山區, or 臺北市信義區 where several counties have one of this name."""
    book = read_folder(settings.directory_dir)
    county, town = _town(book, name)
    now = datetime.now(TAIPEI)
    sys.stdout.write(f"{county}{town}  directory {book.version}\n")
    family = book.family(county, town)
    along = [c for kind in SPECIALISED for c in book.working_along(kind, county, town)]
    for centre in (*([family] if family else []), book.duty(county), *along):
        sys.stdout.write("\n".join(_in_words(centre, book, now)) + "\n")


def _counts(book: CentreBook) -> Iterator[str]:
    kinds = Counter(c.kind for c in book.centres.values())
    defaults = Counter(c.kind for c in book.centres.values() if not c.is_known)
    yield f"directory {book.version}, from {book.effective_from.isoformat()}"
    for kind in CentreKind:
        words = kind_words(kind)
        yield f"{kinds[kind]:>5}  {kind:<18} {defaults[kind]:>4} with a default name  {words.zh} {words.en}"
    by_default = sum(1 for district in book.districts.values() if district.is_default)
    yield f"{len(book.districts)} towns have a family service centre, {by_default} of them by default"
    limited = sum(1 for c in book.centres.values() if c.capacity is not None)
    yield f"{limited} centres have a capacity; {len(book.areas)} areas of law; no mistakes"


def _town(book: CentreBook, name: str) -> tuple[str, str]:
    wanted = name.replace("台", "臺")
    found = [at for at in book.districts if wanted in (at[1], "".join(at))]
    if not found:
        raise TownRefusedError(f"no town is called {name}: say its official name, such as 松山區 or 臺北市松山區")
    if len(found) > 1:
        raise TownRefusedError(f"several towns are called {name}: {', '.join(map(''.join, found))}")
    return found[0]


def _in_words(centre: Centre, book: CentreBook, now: datetime) -> Iterator[str]:
    words = kind_words(centre.kind)
    yield f"{centre.code}  {centre.zh}  {centre.en}"
    opens = book.opens(centre, now)
    when = "open now" if opens == now else f"opens {opens:%Y-%m-%d %H:%M}" if opens else "never opens"
    room = "no limit" if centre.capacity is None else f"up to {centre.capacity} cases"
    over = f"; when full: {', '.join(centre.overflow_to)}" if centre.overflow_to else ""
    yield f"    {words.zh} {words.en}; {when}; {room}{over}"
