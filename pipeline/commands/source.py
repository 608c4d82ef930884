"""The register of sources: enrol, give new credentials, revoke, list. A secret is shown once, when it is drawn."""

import csv
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import orjson
import segno

from pipeline import wiring
from pipeline.adapters.credentials import Purpose
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.probes import asked
from pipeline.commands.lines import FileRefusedError
from pipeline.domain.directory import Directory, Source, load_directory, not_enrolled, source_of
from pipeline.domain.kinds import kinds
from pipeline.errors import RegisterRefusedError
from pipeline.settings import Settings, directory_of

CODE_LIVES = timedelta(days=30)
SECRET_MODE = 0o600

T = TypeVar("T")


class Shown(StrEnum):
    """What a source gets: a token for programs, a one-time code for a token, a key for the form's address, nothing."""

    TOKEN = "token"  # noqa: S105 - a word, no token
    CODE = "code"
    FORM = "form"
    NONE = "none"

    @property
    def purpose(self) -> Purpose | None:
        return {Shown.TOKEN: Purpose.TOKEN, Shown.CODE: Purpose.ENROLMENT, Shown.FORM: Purpose.FORM}.get(self)

    @property
    def expires_at(self) -> datetime | None:
        return datetime.now(UTC) + CODE_LIVES if self is Shown.CODE else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A source as it is asked for; what is not told comes from the file of sources or from its kind."""

    code: str
    kind: str | None
    role: str | None
    county: str | None
    name: str | None
    own_topic: bool | None


def add(settings: Settings, wanted: Asked, shown: Shown, url: str | None) -> None:
    """Enrols one source and prints what it shows at the door. Raises RegisterRefusedError."""
    source = _described(wanted, directory_of(settings))
    _warn_of_unknown_kinds([source])

    async def act(book: Enrolment) -> Mapping[str, str]:
        issued = await book.plan([source], shown.purpose)
        if source.code not in issued.secrets:
            raise RegisterRefusedError(f"{source.code} is enrolled; `anwang source rotate` gives it a new credential")
        _refuse_taken_topics([source], await wiring.read_directory(settings))
        await wiring.create_topics(settings, Directory({source.code: source}))
        await book.enrol([source], issued, shown.purpose, shown.expires_at)
        return issued.secrets

    secrets = asked(_with_book(settings, act))
    sys.stdout.write(f"enrolled {source.code}; its reports go to {source.topic}\n")
    _show(shown, secrets[source.code], url)


def _described(wanted: Asked, known: Directory) -> Source:
    there = known.find(wanted.code)
    kind = wanted.kind or (there.kind if there else None)
    usual = kinds().get(kind or "")
    told = {
        "source": wanted.code,
        "kind": kind,
        "role": wanted.role or (there.role if there else None) or (usual.role if usual else None),
        "county": wanted.county or (there.county if there else None),
        "name": wanted.name or (there.name if there else None),
        "own_topic": None if wanted.own_topic is None else ("yes" if wanted.own_topic else "no"),
    }
    try:
        return source_of(told)
    except ValueError as error:
        raise RegisterRefusedError(str(error)) from None


def import_sources(settings: Settings, file: Path, out: Path, shown: Shown, url: str | None) -> None:
    """Enrols every source of a CSV, all or none, and writes what each shows at the door into a file that only its
    owner may read, before the first of them opens anything. Those that are enrolled already keep what they have, and
    who was revoked stays so. Raises FileRefusedError, UnavailableError.
    """
    sources = _read(file)
    _warn_of_unknown_kinds(sources)

    async def act(book: Enrolment) -> tuple[int, int, int, int]:
        revoked = {row["code"] for row in await book.list() if row["revoked_at"]}
        wanted = {s.code: s for s in sources if s.code not in revoked}
        _refuse_taken_topics(wanted.values(), (await wiring.read_directory(settings)).with_sources(wanted.values()))
        issued = await book.plan(list(wanted.values()), shown.purpose)
        await wiring.create_topics(settings, Directory(wanted))
        if shown.purpose and issued.secrets:
            _write_secrets(out, shown, issued.secrets, wanted, url)
        await book.enrol(list(wanted.values()), issued, shown.purpose, shown.expires_at)
        return len(issued.secrets), len(issued.changed), len(issued.unchanged), len(sources) - len(wanted)

    fresh, changed, unchanged, revoked = asked(_with_book(settings, act))
    sys.stdout.write(f"enrolled {fresh}, changed {changed}, unchanged {unchanged}\n")
    if revoked:
        sys.stdout.write(f"left revoked {revoked}; `anwang source add` enrols one anew\n")
    if shown.purpose and fresh:
        sys.stdout.write(f"{out} holds a {shown} for each of the {fresh}; it is shown nowhere else\n")


def _refuse_taken_topics(sources: Iterable[Source], known: Directory) -> None:
    for source in sources:
        if other := known.same_own_topic(source):
            raise RegisterRefusedError(f"{source.code} would share {source.topic}, the own topic of {other.code}")


def _read(file: Path) -> list[Source]:
    try:
        return list(load_directory(file.read_text("utf-8")).sources.values())
    except OSError as error:
        raise FileRefusedError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise FileRefusedError(f"{file} is not UTF-8") from None
    except ValueError as error:
        raise FileRefusedError(f"{file}, {error}") from None


def _write_secrets(
    out: Path, shown: Shown, secrets: Mapping[str, str], sources: Mapping[str, Source], url: str | None
) -> None:
    """A file that exists is never written over: it may hold the only copy of other secrets."""
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE), "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["source", "name", shown.value])
            table.writerows([code, sources[code].name or "", _told(shown, s, url)] for code, s in secrets.items())
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise FileRefusedError(f"{out} exists; it may hold the only copy of earlier secrets") from None
    except OSError as error:
        raise FileRefusedError(f"{out} cannot be written: {error.strerror}") from error


def rotate(settings: Settings, code: str, shown: Shown, overlap_h: float, url: str | None) -> None:
    """A new credential; earlier ones of its sort end after `overlap_h` hours."""
    secret = _rotated(settings, code, shown, overlap_h)
    ends = f"in {overlap_h:g} hours" if overlap_h else "now"
    sys.stdout.write(f"a new {shown} for {code}; earlier ones end {ends}\n")
    _show(shown, secret, url)


def _rotated(settings: Settings, code: str, shown: Shown, overlap_h: float | None) -> str:
    purpose = shown.purpose
    if purpose is None:
        raise RegisterRefusedError("there is nothing to give: say token, code or form")
    ends_at = None if overlap_h is None else datetime.now(UTC) + timedelta(hours=overlap_h)
    return asked(
        _with_book(settings, lambda book: book.rotate(code, purpose, ends_at=ends_at, expires_at=shown.expires_at))
    )


def draw_qr(settings: Settings, code: str, url: str, out: Path) -> None:
    """A QR code that opens the site's form, with a new key. Earlier ones stay good: they hang on the wall."""
    if out.suffix.lower() not in {".svg", ".png", ".pdf"}:
        raise FileRefusedError(f"{out}: a QR code is written as .svg, .png or .pdf")
    source = asked(_with_book(settings, lambda book: book.find(code)))
    if source is None:
        raise RegisterRefusedError(not_enrolled(code))
    secret = _rotated(settings, code, Shown.FORM, overlap_h=None)
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE), "wb") as file:
            segno.make_qr(_told(Shown.FORM, secret, url), error="q").save(file, kind=out.suffix[1:].lower(), scale=8)
    except OSError as error:
        raise FileRefusedError(f"{out} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"{out} opens the form of {code} with a new key; earlier ones still open it\n")


def revoke(settings: Settings, code: str) -> None:
    """Nothing of this source is believed any more; its reports of before stay. One of the file of sources is enrolled
    for it, without a credential: what is enrolled stands above the file.
    """
    of_file = directory_of(settings).find(code)

    async def act(book: Enrolment) -> None:
        if of_file and await book.find(code) is None:
            await book.enrol([of_file], await book.plan([of_file], None), None, None)
        await book.revoke(code, datetime.now(UTC))

    asked(_with_book(settings, act))
    sys.stdout.write(f"revoked {code}: it opens no door, and what it writes to Kafka is quarantined\n")


def show(settings: Settings, kind: str | None, *, as_json: bool) -> None:
    rows = [r for r in asked(_with_book(settings, lambda book: book.list())) if kind is None or r["kind"] == kind]
    if as_json:
        for row in rows:
            sys.stdout.buffer.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
        return
    for r in rows:
        state = "revoked" if r["revoked_at"] else f"{r['tokens']} tokens, {r['forms']} forms, {r['codes']} codes"
        sys.stdout.write(
            f"{r['code']:<28} {r['kind']:<18} {r['county'] or '-':<4} {state:<30} {_printable(r['name'])}\n"
        )
    beside = len(directory_of(settings).sources.keys() - {r["code"] for r in rows}) if kind is None else 0
    revoked = sum(1 for r in rows if r["revoked_at"])
    sys.stdout.write(f"{len(rows) - revoked} enrolled, {revoked} revoked; {beside} more stand in the file of sources\n")


def show_counts(settings: Settings, code: str | None, *, as_json: bool) -> None:
    """Of one source, or of all: by month, for thanks and rewards."""
    rows = asked(_with_book(settings, lambda book: book.counts(code)))
    for row in rows:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        else:
            counts = f"{row['accepted']:>8,} reports {row['taken_over']:>8,} in hand"
            sys.stdout.write(f"{row['source']:<28} {row['month']:%Y-%m} {counts}\n")
    if not rows and not as_json:
        sys.stdout.write("no report yet\n")


def _printable(name: str | None) -> str:
    """A list from elsewhere may hold a terminal's commands."""
    return "".join(c for c in name or "" if c.isprintable())


def _warn_of_unknown_kinds(sources: Sequence[Source]) -> None:
    for kind in sorted({s.kind for s in sources} - kinds().keys()):
        sys.stderr.write(f"note: {kind} is a kind of your own; those that ship are {', '.join(kinds())}\n")


def _told(shown: Shown, secret: str, url: str | None) -> str:
    return f"{(url or '').rstrip('/')}/form/{secret}" if shown is Shown.FORM else secret


def _show(shown: Shown, secret: str, url: str | None) -> None:
    if shown.purpose:
        sys.stdout.write(f"{shown}: {_told(shown, secret, url)}\nkeep it now: it is not shown again\n")


async def _with_book(settings: Settings, act: Callable[[Enrolment], Awaitable[T]]) -> T:
    async with wiring.enrolment(settings) as book:
        return await act(book)
