"""Draws a picture: for a terminal with rich, else as one plain line."""

from datetime import datetime, timedelta

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.contracts.vocabulary import Category, Outcome, Priority
from pipeline.local.demo.picture import UNDER_WAY, Ledger, Line, Picture, Process, Row

WIDE = 110
FIXED_LINES = 17
ROWS_MAX = 10
CALM = "grey62"
PRIORITY_STYLE = {
    Priority.IMMEDIATE: "bold red3",
    Priority.URGENT: "dark_orange3",
    Priority.STANDARD: "default",
    Priority.ROUTINE: CALM,
}
REASONS_SHOWN = 2
SHORT: dict[str, str] = {
    Category.CHILD_PROTECTION: "child",
    Category.INTIMATE_PARTNER_VIOLENCE: "partner violence",
    Category.ELDER_PROTECTION: "elder",
    Category.DISABILITY_PROTECTION: "disability",
    Category.CHILD_SEXUAL_EXPLOITATION: "exploitation",
    Category.OTHER_FAMILY_VIOLENCE: "family violence",
    Category.ECONOMIC_HARDSHIP: "hardship",
    Category.DEVELOPMENTAL_DELAY: "delay",
    Category.COMMUNITY_DISTURBANCE: "disturbance",
}
SOURCES = (("hotline", "hotlines"), ("clinic", "clinics"), ("partner", "partner sites"))


def rows_for(height: int) -> int:
    """How many cases of each queue fit on a terminal of `height` lines."""
    return max(2, min(ROWS_MAX, (height - FIXED_LINES) // 2))


def render(picture: Picture, width: int) -> RenderableType:
    return Group(
        _head(picture),
        _figures(picture),
        *(_queue(line, picture.now, width) for line in picture.lines),
        _processes(picture.processes),
        _ledger(picture.ledger),
    )


def _head(picture: Picture) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    settled = sum(picture.outcomes.values())
    grid.add_row(
        Text.assemble(("安網 Anwang", "bold"), ("  invented reports  ", CALM)),
        ProgressBar(total=picture.reports, completed=min(settled, picture.reports), complete_style="cyan"),
        Text(f"{min(settled, picture.reports):,} of {picture.reports:,}   {picture.elapsed_s:5.1f} s"),
    )
    return Group(grid, Text(picture.phase, style=CALM, no_wrap=True, overflow="ellipsis"), Text(""))


def _figures(picture: Picture) -> RenderableType:
    sent = _pairs("told by", [(label, f"{picture.sent.get(kind, 0):,}") for kind, label in SOURCES])
    became = [(o.value.replace("_", " "), f"{picture.outcomes.get(o, 0):,}") for o in Outcome]
    path = _pairs(
        "to a queue",
        [
            ("p50", f"{picture.delay.p50_ms:,.0f} ms" if picture.delay.count else "–"),
            ("p99", f"{picture.delay.p99_ms:,.0f} ms" if picture.delay.count else "–"),
            ("rate", f"{picture.per_s:,.0f} /s"),
        ],
    )
    grid = Table.grid(expand=True, padding=(0, 3))
    for _ in range(4):
        grid.add_column(ratio=1)
    grid.add_row(sent, _pairs("became", became[:3]), _pairs("", became[3:]), path)
    return Group(grid, Text(""))


def _pairs(title: str, pairs: list[tuple[str, str]]) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, style=CALM)
    table.add_column(no_wrap=True, justify="right")
    table.add_row(Text(title, style="cyan"), "")
    for label, value in pairs:
        table.add_row(label, value)
    return table


def _queue(line: Line, now: datetime, width: int) -> RenderableType:
    title = Text.assemble((f"{line.queue.value} queue", "bold"), (f"  {line.waiting:,} waiting", CALM))
    table = Table(box=None, expand=True, padding=(0, 1), collapse_padding=True, pad_edge=False, header_style=CALM)
    table.add_column("priority", no_wrap=True, width=9)
    table.add_column("next due", no_wrap=True, width=10, justify="right")
    table.add_column("category", no_wrap=True, overflow="ellipsis", width=32 if width >= WIDE else 17)
    table.add_column("county", no_wrap=True, width=6)
    if width >= WIDE:
        table.add_column("centre", no_wrap=True, width=16)
    table.add_column("because of", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("told", no_wrap=True, width=4, justify="right")
    for row in line.rows:
        table.add_row(*_cells(row, now, width), style=PRIORITY_STYLE[row.priority])
    return Group(title, table, Text(""))


def _cells(row: Row, now: datetime, width: int) -> list[str]:
    centre = [row.centre] if width >= WIDE else []
    told = f"×{row.reports}" if row.reports > 1 else ""
    categories = ", ".join(SHORT.get(c, _words(c)) for c in row.categories)
    return [row.priority.value, due_in(row.due_at, now), categories, row.county or "–", *centre, _because(row), told]


def _because(row: Row) -> str:
    """The two heaviest reasons beside the category itself."""
    more = [_words(code) for code in row.reasons if code not in row.categories]
    return ", ".join(more[:REASONS_SHOWN])


def _words(code: str) -> str:
    return code.replace("_", " ")


def due_in(due_at: datetime | None, now: datetime) -> str:
    """`3 h 05 m`, `12 m 40 s`, `2 d 04 h`; `late 1 h` once it has passed."""
    if due_at is None:
        return "–"
    left = due_at - now
    return f"late {' '.join(_span(-left).split()[:2])}" if left < timedelta(0) else _span(left)


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02d} h"
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m {seconds:02d} s"


def _processes(processes: tuple[Process, ...]) -> RenderableType:
    return Columns([_process(p) for p in processes], padding=(0, 2))


def _process(process: Process) -> Text:
    up = process.state == "up"
    text = Text.assemble(("● " if up else "○ ", "green" if up else "yellow"), process.name)
    if not up:
        text.append(f" {process.state}", style="yellow")
    if process.restarts:
        text.append(f" ↻{process.restarts}", style=CALM)
    return text


def _ledger(ledger: Ledger) -> Text:
    style = "bold red3" if ledger.lost else "green"
    return Text.assemble(
        ("ledger  ", "cyan"), ("in ", CALM), f"{ledger.received:,}", (" = settled ", CALM), f"{ledger.settled:,}",
        (" + in flight ", CALM), f"{ledger.in_flight:,}", ("    lost ", CALM), (f"{ledger.lost:,}", style),
        ("    unread ", CALM), f"{ledger.unread:,}",
    )  # fmt: skip


def plain(picture: Picture) -> str:
    """One line without control characters."""
    ledger = picture.ledger
    if not ledger.received:
        return f"{picture.elapsed_s:6.1f} s  {picture.phase}"
    waiting = "  ".join(f"{line.queue.value} {line.waiting}" for line in picture.lines)
    down = [f"{p.name} {p.state}" for p in picture.processes if p.state != "up"]
    parts = [
        f"{picture.elapsed_s:6.1f} s",
        f"in {ledger.received} = settled {ledger.settled} + in flight {ledger.in_flight}, lost {ledger.lost}",
        waiting,
        f"{picture.per_s:.0f}/s",
        f"p50 {picture.delay.p50_ms:.0f} ms p99 {picture.delay.p99_ms:.0f} ms",
        *down,
        *([] if picture.phase == UNDER_WAY else [picture.phase]),
    ]
    return "  ".join(parts)
