"""The desk's state machine as a drawing and as tables, for the documents: made of the rows that the desk works by."""

from collections.abc import Iterator
from itertools import groupby

from pipeline.domain.desk import (
    NOT_OPEN_REASONS,
    OPEN,
    RETURNS_MAX,
    SHORT_REASONS,
    TRANSITIONS,
    DeskAct,
    Holder,
    Stage,
    Transition,
)
from pipeline.domain.desk_words import ACTS, REASONS, STAGES, WHO

_HOLDERS = {
    Holder.ACTOR: "who does it",
    Holder.NAMED: "who is named",
    Holder.NOBODY: "nobody",
    Holder.AS_BEFORE: "as before",
}
_ELSEWHERE = (
    "    [*] --> waiting",
    "    waiting --> merged : its reports went up in another case",
    "    closed --> erased : the law's term is over",
)


def drawing() -> str:
    """A state diagram in Mermaid's language: an arrow for each pair of stages, with the acts that lead along it."""
    names = (f'    state "{STAGES[stage].zh} {stage}" as {stage}' for stage in Stage)
    return "\n".join(("stateDiagram-v2", *names, *_ELSEWHERE, *_arrows()))


def _arrows() -> Iterator[str]:
    ways = sorted((row.stage, to, told) for row in TRANSITIONS.values() for to, told in _led(row) if _is_drawn(row))
    for (stage, to), acts in groupby(ways, key=lambda way: way[:2]):
        yield f"    {stage} --> {to} : {', '.join(act for _, _, act in acts)}"


def _is_drawn(row: Transition) -> bool:
    """A move is said once, in words: it leads from everywhere to waiting."""
    return row.act is not DeskAct.MOVE


def _led(row: Transition) -> Iterator[tuple[Stage, str]]:
    yield row.next_stage, row.act
    if row.act is DeskAct.RETURN:
        yield Stage.WITH_SUPERVISOR, f"{row.act}, the {RETURNS_MAX}rd time"


def act_table() -> str:
    """Each act: what it is called, from which stages to which, who may, who holds the case afterwards."""
    head = ("| act | | from | to | who may | holds it then |", "|---|---|---|---|---|---|")
    rows = sorted(TRANSITIONS.values(), key=lambda row: (list(DeskAct).index(row.act), row.allowed, row.next_stage))
    told = groupby(rows, key=lambda row: (row.act, row.allowed, row.next_stage, row.holder))
    return "\n".join((*head, *(_act_row(list(group)) for _, group in told)))


def _act_row(rows: list[Transition]) -> str:
    row, words = rows[0], ACTS[rows[0].act]
    stages = {one.stage for one in rows}
    start = "any open stage" if stages == OPEN else ", ".join(f"`{s}`" for s in Stage if s in stages)
    return (
        f"| `{row.act}` | {words.zh}: {words.en} | {start} | `{row.next_stage}` | {WHO[row.allowed].en}"
        f" | {_HOLDERS[row.holder]} |"
    )


def stage_table() -> str:
    rows = (f"| `{stage}` | {STAGES[stage].zh} | {STAGES[stage].en} |" for stage in Stage)
    return "\n".join(("| stage | | |", "|---|---|---|", *rows))


def reason_table() -> str:
    """Each coded reason with the acts that ask for it and its letter in the national data dictionary."""
    head = ("| code | | | given with | national code |", "|---|---|---|---|---|")
    return "\n".join((*head, *map(_reason_row, REASONS)))


def _reason_row(code: str) -> str:
    acts = sorted({f"`{row.act}`" for row in TRANSITIONS.values() if code in row.reasons})
    letters = [
        f"`{name}` {table[code]}"
        for name, table in (("NOTOPENCASE", NOT_OPEN_REASONS), ("NCONSULTREASON", SHORT_REASONS))
        if code in table
    ]
    return f"| `{code}` | {REASONS[code].zh} | {REASONS[code].en} | {', '.join(acts)} | {', '.join(letters)} |"
