"""The commands of `anwang case`: what people do with a case."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.cli_erase import erase_app
from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

case_app = typer.Typer(no_args_is_help=True, help="What people do with a case: raise, lower, hand on, erase.")
case_app.add_typer(erase_app, name="erase")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
StaffCode = Annotated[str, typer.Option("--by", metavar="CODE", help="Who says so: a staff code, never a name.")]
CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Id of a case, of an incident, or of a report in it.")]


class WhyTransfer(StrEnum):
    """As `contracts.case.TransferReason`, which is not loaded for --help."""

    VICTIM_MOVED = "victim_moved"
    VICTIM_LIVES_THERE = "victim_lives_there"
    HAPPENED_THERE = "happened_there"
    PLACED_THERE = "placed_there"
    SERVED_THERE = "served_there"
    SENT_WRONGLY = "sent_wrongly"


class WhyNot(StrEnum):
    """As `contracts.case.TransferRefusalReason`, which is not loaded for --help."""

    VICTIM_NOT_THERE = "victim_not_there"
    NOT_OURS_BY_LAW = "not_ours_by_law"
    NOT_YET_SAFE = "not_yet_safe"
    PAPERS_MISSING = "papers_missing"


TransferName = Annotated[str, typer.Argument(metavar="TRANSFER", help="Its id, or that of its case.")]
TransferId = Annotated[
    UUID | None,
    typer.Option("--id", metavar="UUID", help="Of a transfer whose answer was lost: said again, it counts once."),
]
DIRECTED = ("postgres_dsn", "keys_dsn", "key_file", "data_dir", "sources_file", "weights_file", "directory_dir")


@case_app.command("transfer")
@listens_to(*DIRECTED)
def case_transfer(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    case: CaseName,
    *,
    to: Annotated[str, typer.Option("--to", metavar="CENTRE", help="Code of the centre that should take it.")],
    reason: Annotated[WhyTransfer, typer.Option("--reason", help="Why.", show_default=False)],
    by: StaffCode,
    transfer_id: TransferId = None,
) -> None:
    """Propose that another centre takes a case; it stays, and its clocks run, until that one accepts."""
    from pipeline.commands.case import propose_transfer

    propose_transfer(told.settings, case, to=to, reason=reason, by=by, transfer_id=transfer_id)


@case_app.command("transfer-accept")
@listens_to(*DIRECTED)
def case_transfer_accept(told: "Configured", transfer: TransferName, *, by: StaffCode) -> None:
    """Take a case that another centre proposed."""
    from pipeline.commands.case import answer_transfer

    answer_transfer(told.settings, transfer, by=by)


@case_app.command("transfer-refuse")
@listens_to(*DIRECTED)
def case_transfer_refuse(
    told: "Configured",
    transfer: TransferName,
    *,
    reason: Annotated[WhyNot, typer.Option("--reason", help="Why not.", show_default=False)],
    by: StaffCode,
) -> None:
    """Leave it where it is."""
    from pipeline.commands.case import answer_transfer

    answer_transfer(told.settings, transfer, by=by, refused_for=reason)


@case_app.command("transfers")
@listens_to(*DIRECTED)
def case_transfers(told: "Configured", *, as_json: AsJson = False) -> None:
    """The transfers that wait for an answer, the oldest first."""
    from pipeline.commands.case import show_transfers

    show_transfers(told.settings, as_json=as_json)


class WhyRaise(StrEnum):
    """As `domain.overrides.REASONS`, which is not loaded for --help."""

    TOLD_MORE = "told_more"
    SEEN_ON_SITE = "seen_on_site"
    KNOWN_HISTORY = "known_history"
    OTHER_AGENCY = "other_agency"
    RULE_TOO_LOW = "rule_too_low"
    JUDGEMENT = "judgement"


class WhyLower(StrEnum):
    """As `domain.overrides.REASONS`, which is not loaded for --help."""

    NOT_SUBSTANTIATED = "not_substantiated"
    SAFE_NOW = "safe_now"
    IN_OTHER_HANDS = "in_other_hands"
    ENTERED_WRONGLY = "entered_wrongly"
    RULE_TOO_HIGH = "rule_too_high"
    JUDGEMENT = "judgement"


class Queues(StrEnum):
    """As `contracts.vocabulary.Queue`, which is not loaded for --help."""

    FAMILY = "family"
    PROTECTIVE = "protective"


class Priorities(StrEnum):
    """As `contracts.vocabulary.Priority`, which is not loaded for --help."""

    ROUTINE = "routine"
    STANDARD = "standard"
    URGENT = "urgent"
    IMMEDIATE = "immediate"


class Grades(StrEnum):
    """As `contracts.case.GradeWanted`, which is not loaded for --help."""

    ONE = "1"
    TWO = "2"
    NONE = "none"


ToPriority = Annotated[Priorities | None, typer.Option("--priority", help="How soon it should be seen to.")]
ToQueue = Annotated[Queues | None, typer.Option("--queue", help="Who should take it.")]
ToGrade = Annotated[Grades | None, typer.Option("--child-grade", help="Grade of the child's case.")]
OverrideId = Annotated[
    UUID | None,
    typer.Option("--id", metavar="UUID", help="Of one whose answer was lost: said again, it counts once."),
]


@case_app.command("raise")
@listens_to(*DIRECTED)
def case_raise(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    case: CaseName,
    *,
    priority: ToPriority = None,
    queue: ToQueue = None,
    child_grade: ToGrade = None,
    reason: Annotated[WhyRaise, typer.Option("--reason", help="Why.", show_default=False)],
    by: StaffCode,
    override_id: OverrideId = None,
) -> None:
    """Put a case higher than its reports do, at once; no later report takes that back."""
    from pipeline.commands.case import put, wish_of

    wish = wish_of("raise", queue, priority, child_grade, reason=reason, by=by, override_id=override_id)
    put(told.settings, case, wish)


@case_app.command("lower")
@listens_to(*DIRECTED)
def case_lower(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    case: CaseName,
    *,
    priority: ToPriority = None,
    queue: ToQueue = None,
    child_grade: ToGrade = None,
    reason: Annotated[WhyLower, typer.Option("--reason", help="Why.", show_default=False)],
    by: StaffCode,
    second: Annotated[
        str | None, typer.Option("--second", metavar="CODE", help="Who agrees: nobody lowers alone.")
    ] = None,
    override_id: OverrideId = None,
) -> None:
    """Put a case lower, by two people; clocks run on, and whatever is newly told puts it back."""
    from pipeline.commands.case import put, wish_of

    wish = wish_of("lower", queue, priority, child_grade, reason=reason, by=by, second=second, override_id=override_id)
    put(told.settings, case, wish)
