"""The commands of `anwang case`: what people do with a case."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

case_app = typer.Typer(no_args_is_help=True, help="What people do with a case: hand it to another centre.")

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
