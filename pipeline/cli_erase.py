"""The commands of `anwang case erase`: nothing personal of a case can be opened any more, once two people say so."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

erase_app = typer.Typer(no_args_is_help=True, help="Destroy the keys of a case, by two people.")

ERASING = ("postgres_dsn", "keys_dsn", "key_file", "wrapping_key", "hsm_pin_file", "erasure_list", "data_dir")
DUE = (*ERASING, "sources_file", "weights_file", "directory_dir")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
StaffCode = Annotated[str, typer.Option("--by", metavar="CODE", help="Who says so: a staff code, never a name.")]
CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Id of a case, of an incident, or of a report in it.")]
ErasureId = Annotated[UUID, typer.Argument(metavar="ID", help="Of the erasure.")]


class WhyErase(StrEnum):
    """As `contracts.case.ErasureReason`, which is not loaded for --help."""

    TERM_OVER = "term_over"
    ASKED_BY_PERSON = "asked_by_person"
    ORDERED_BY_COURT = "ordered_by_court"
    KEPT_UNLAWFULLY = "kept_unlawfully"
    ENTERED_WRONGLY = "entered_wrongly"


@erase_app.command("propose")
@listens_to(*DUE)
def erase_propose(
    told: "Configured",
    case: CaseName,
    *,
    reason: Annotated[WhyErase, typer.Option("--reason", help="Why.", show_default=False)],
    by: StaffCode,
    erasure_id: Annotated[
        UUID | None, typer.Option("--id", metavar="UUID", help="Of one whose answer was lost: it counts once.")
    ] = None,
) -> None:
    """Propose that a case is erased. Nothing happens until another person approves."""
    from pipeline.commands.erase import propose

    propose(told.settings, case, reason=reason, by=by, erasure_id=erasure_id)


@erase_app.command("approve")
@listens_to(*ERASING)
def erase_approve(
    told: "Configured",
    erasures: Annotated[list[UUID], typer.Argument(metavar="ID...", help="Of one erasure or more.")],
    *,
    by: StaffCode,
) -> None:
    """Erase at once, for good. Nobody can undo it."""
    from pipeline.commands.erase import approve

    approve(told.settings, erasures, by=by)


@erase_app.command("refuse")
@listens_to(*ERASING)
def erase_refuse(told: "Configured", erasure: ErasureId, *, by: StaffCode) -> None:
    """Leave the case as it is."""
    from pipeline.commands.erase import refuse

    refuse(told.settings, erasure, by=by)


@erase_app.command("list")
@listens_to(*ERASING)
def erase_list(told: "Configured", *, as_json: AsJson = False) -> None:
    """The erasures that wait for an answer or are under way, the oldest first."""
    from pipeline.commands.erase import show_open

    show_open(told.settings, as_json=as_json)


@erase_app.command("resume")
@listens_to(*ERASING)
def erase_resume(told: "Configured") -> None:
    """Finish what was approved and broken off."""
    from pipeline.commands.erase import resume

    resume(told.settings)


@erase_app.command("apply-list")
@listens_to(*ERASING)
def erase_apply_list(told: "Configured") -> None:
    """After a restore: erase again what the list, the data or the keys know as erased."""
    from pipeline.commands.erase import apply_list

    if not apply_list(told.settings):
        raise typer.Exit(1)


@erase_app.command("due")
@listens_to(*DUE)
def erase_due(
    told: "Configured",
    *,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="As of this day, 2033-01-01.")] = None,
    propose_by: Annotated[
        str | None, typer.Option("--propose-by", metavar="CODE", help="Propose each; another person approves.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The closed cases that the law no longer lets us keep: 7 years; of minors until 7 years after coming of age."""
    from pipeline.commands.erase_due import show_due

    show_due(told.settings, on, propose_by=propose_by, as_json=as_json)
