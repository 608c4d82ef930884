"""Why a report stands where it stands: live from the database, or offline from a file, in Chinese and English."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import orjson
from rich.cells import cell_len

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.commands.lines import lines_of
from pipeline.contracts.envelope import Unreadable
from pipeline.domain import candidates
from pipeline.domain.assess import assess
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket
from pipeline.domain.evidence import Reason
from pipeline.domain.explain import (
    CAUSES,
    VERDICTS,
    Explanation,
    Known,
    Other,
    Word,
    as_told,
    explained,
    fields,
    start_of,
    total,
)
from pipeline.domain.link_words import FIELDS, Words, aspect_words, level_words
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.partition import CERTAIN
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.terms import shipped_terms
from pipeline.domain.weights import weights
from pipeline.settings import Settings

ALMOST = 0.999
SAID_FROM_BITS = 1.0
"""What weighs less is not said in words; the sum of its field holds it, and JSON names it."""


class Lang(StrEnum):
    ZH = "zh"
    EN = "en"
    BOTH = "both"


def explain_live(settings: Settings, name: str, lang: Lang, *, as_json: bool) -> None:
    """Raises RulingRefusedError where no report is known by that name."""

    async def act() -> Explanation:
        async with wiring.links(settings) as found:
            return await found.explaining.explain(await found.rulings.report(name))

    _show(asked(act()), lang, as_json=as_json)


def explain_file(file: str, event_id: str, directory: Directory, lang: Lang, *, as_json: bool) -> None:
    """As the file's reports stand after the last one. Raises RulingRefusedError, FileRefusedError."""
    _show(explained_offline(file, event_id, directory), lang, as_json=as_json)


def explained_offline(file: str, event_id: str, directory: Directory) -> Explanation:
    """Raises RulingRefusedError where no event has this id, or several reports have."""
    docket, told, asks = Docket(), set[UUID](), set[tuple[UUID, UUID]]()
    arrived_at = datetime.now(UTC)
    for _, line in lines_of(file):
        reading = read_event(line, (), arrived_at, directory)
        if isinstance(reading, Unreadable):
            continue
        settled = assess(reading.facts, docket, shipped_terms().at(reading.facts.received_at))
        asks |= {(a.report_id, a.other_report_id) for a in (settled.filed.asks if settled.filed else ())}
        if event_id in (reading.facts.event_id, str(settled.report_id)):
            told.add(settled.report_id)
    if len(told) != 1:
        raise refused(RulingRefusal.AMBIGUOUS if told else RulingRefusal.UNKNOWN)
    (report_id,) = told
    return _explained(docket, report_id, asks)


def _explained(docket: Docket, report_id: UUID, asks: set[tuple[UUID, UUID]]) -> Explanation:
    case, report = docket.case_of(report_id), docket.report(report_id)
    found = {f.report.report_id: f for v in report.versions for f in candidates.find(report, v, docket)}
    bonds = docket.bonds.of(report_id)
    known = {
        other: Known(bond.household, bond.incident, _reasons(found.get(other)), weights().version)
        for other, bond in bonds.items()
    }
    mates = {r.report_id: i.incident_id for i in case.incidents for r in i.reports if r.report_id != report_id}
    asked_of = {a if b == report_id else b for a, b in asks if report_id in (a, b)}
    home = (report_id, case.incident_of(report_id).incident_id, case.case_id, case.household_id)
    return explained(home, mates, known, {}, asked_of)


def _reasons(found: candidates.Found | None) -> tuple[Reason, ...]:
    return found.evidence.reasons if found else ()


def _show(told: Explanation, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(as_told(told), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        sys.stdout.write("\n".join(in_words(told, lang)) + "\n")


def in_words(told: Explanation, lang: Lang) -> list[str]:
    """Lines for a person; columns stand under each other in a terminal, Han characters and all."""
    by = weights()
    lines = [
        f"{said(Words('通報', 'report'), lang)} {told.report_id}",
        f"{said(Words('案件', 'case'), lang)} {told.case_id}",
        "   ".join(
            (
                f"{said(Words('權重版本', 'weights'), lang)} {by.version}",
                f"{said(Words('同戶門檻', 'one household from'), lang)} {by.household_join:.0%}",
                f"{said(Words('同事件門檻', 'one incident from'), lang)} {by.incident_join:.0%}",
                f"{said(Words('請人員判斷', 'a person is asked from'), lang)} {by.review_from:.0%}",
            )
        ),
        said(
            Words(
                "數字為權重（位元）：每加 1，可能性加倍；負數表示不支持。不到 1 者只計入合計。",
                "Weights in bits: each +1 doubles the odds, below 0 speaks against; below 1 it is only summed.",
            ),
            lang,
        ),
    ]
    if not told.others:
        lines += ["", said(Words("沒有其他相似的通報。", "No other report is like it."), lang)]
    for number, other in enumerate(told.others, 1):
        lines += ["", *_other(number, other, lang)]
    return lines


def _other(number: int, other: Other, lang: Lang) -> list[str]:
    lines = [
        f"{number}. {said(Words('通報', 'report'), lang)} {other.report_id}",
        f"   {said(VERDICTS[other.verdict], lang)}   ({said(CAUSES[other.cause], lang)})",
        *(f"   {_word(word, lang)}" for word in other.words),
    ]
    if other.known is None:
        return [*lines, f"   {said(Words('兩者幾無共同之處', 'the two have next to nothing in common'), lang)}"]
    return [*lines, *_table(other.known, lang)]


class Row(NamedTuple):
    """What is compared, and its two weights as they are shown."""

    words: Words
    indent: int
    household: str
    incident: str


def _table(known: Known, lang: Lang) -> list[str]:
    chance = (
        f"   {said(Words('同戶可能性', 'one household'), lang)} {_percent(known.household)}   "
        f"{said(Words('同事件可能性', 'one incident'), lang)} {_percent(known.incident)}"
    )
    return [chance, *_lines(list(_rows(known, lang)), lang)] if known.reasons else [chance]


def _rows(known: Known, lang: Lang) -> Iterator[Row]:
    head = (said(Words("同戶", "household"), lang), said(Words("同事件", "incident"), lang))
    yield Row(Words("權重", "weights") if start_of(known) else _of_version(known), 0, *head)
    for weighed in fields(known.reasons):
        yield _bits(FIELDS[weighed.field], 1, weighed.household, weighed.incident)
        for reason in weighed.aspects:
            if max(abs(reason.household), abs(reason.incident)) < SAID_FROM_BITS:
                continue
            one, how = aspect_words(reason.aspect), level_words(reason.aspect, reason.level)
            yield _bits(Words(f"{one.zh}：{how.zh}", f"{one.en}: {how.en}"), 2, reason.household, reason.incident)
    if start := start_of(known):
        yield _bits(Words("起點：任兩份通報", "start: any two reports"), 1, *start)
    yield _bits(Words("合計", "sum"), 1, *total(known))


def _of_version(known: Known) -> Words:
    return Words(f"權重版本 {known.weights_version}", f"weights {known.weights_version}")


def _bits(words: Words, indent: int, household: float, incident: float) -> Row:
    return Row(words, indent, f"{household:+.1f}", f"{incident:+.1f}")


def _lines(rows: Sequence[Row], lang: Lang) -> list[str]:
    """The numbers in two columns, then the words: a Han character is as wide as two others."""
    numbers = (
        _padded([row.household for row in rows]),
        _padded([row.incident for row in rows]),
    )
    words = ("  " * row.indent + said(row.words, lang) for row in rows)
    return ["   " + "  ".join(line) for line in zip(*numbers, words, strict=True)]


def _padded(cells: Sequence[str]) -> list[str]:
    wide = max(map(cell_len, cells))
    return [" " * (wide - cell_len(cell)) + cell for cell in cells]


def _percent(probability: float) -> str:
    """Only what is certain is shown as 100 %."""
    return "100%" if probability >= CERTAIN else ">99.9%" if probability > ALMOST else f"{probability:.1%}"


def _word(word: Word, lang: Lang) -> str:
    who = word.ruled_by + (f"、{word.seconded_by}" if word.seconded_by else "")
    what = Words("屬同一戶" if word.scope == "household" else "屬同一事件", f"one {word.scope}")
    if not word.together:
        what = Words("不" + what.zh, f"not {what.en}")
    when = word.ruled_at.isoformat(timespec="seconds")
    return said(Words(f"{who} 於 {when} 決定：{what.zh}", f"{who} said at {when}: {what.en}"), lang)


def said(words: Words, lang: Lang) -> str:
    match lang:
        case Lang.ZH:
            return words.zh
        case Lang.EN:
            return words.en
        case Lang.BOTH:
            return words.zh if words.zh == words.en else f"{words.zh} {words.en}"
