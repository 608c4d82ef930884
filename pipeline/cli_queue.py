"""The commands of `anwang queue`, and of `anwang case` for the desk: by the session in ANWANG_SESSION."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.cli_case import case_app
from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

queue_app = typer.Typer(no_args_is_help=True, help="What waits at the desk, and who takes it: by ANWANG_SESSION.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
CaseId = Annotated[UUID, typer.Argument(metavar="CASE", help="Id of a case.")]
Centre = Annotated[str, typer.Argument(metavar="CENTRE", help="Code of a centre.")]
Fence = Annotated[
    int | None, typer.Option("--fence", help="That of your claim. Without it, as the case stands now.", min=0)
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="CODE", help="A coded reason, see docs/desk.md.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Any words, new for each act: said again under them it counts once.")
]


class QueueName(StrEnum):
    """As `contracts.vocabulary.Queue`, which is not loaded for --help."""

    PROTECTIVE = "protective"
    FAMILY = "family"


class HeldBy(StrEnum):
    ANYONE = "anyone"
    NOBODY = "nobody"
    ME = "me"


@queue_app.command("list")
@listens_to("postgres_dsn")
def queue_list(told: "Configured", *, as_json: AsJson = False) -> None:
    """How many cases stand in each stage of each queue, and for how long."""
    from pipeline.commands.desk import show_queues

    show_queues(told.settings, as_json=as_json)


@queue_app.command("show")
@listens_to("postgres_dsn")
def queue_show(  # noqa: PLR0913 - each is a filter
    told: "Configured",
    *,
    centre: Annotated[str | None, typer.Option("--centre", help="Of this centre alone.")] = None,
    queue: Annotated[QueueName | None, typer.Option("--queue", help="Of this queue alone.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="In this stage; else all open ones.")] = None,
    held: Annotated[HeldBy, typer.Option("--held", help="Held by whom.")] = HeldBy.ANYONE,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The cases of your post, the gravest first."""
    from pipeline.adapters.postgres.people_desk import CasesWanted
    from pipeline.commands.desk import show_cases

    wanted = CasesWanted(stage=stage, queue=queue, centre=centre, held=held, cases_max=limit)
    show_cases(told.settings, wanted, as_json=as_json)


@queue_app.command("next")
@listens_to("postgres_dsn")
def queue_next(told: "Configured", centre: Centre, queue: QueueName, *, as_json: AsJson = False) -> None:
    """Claim the gravest case that waits there."""
    from pipeline.commands.desk import claim_next

    claim_next(told.settings, centre, queue, as_json=as_json)


@queue_app.command("claim")
@listens_to("postgres_dsn")
def queue_claim(told: "Configured", case: CaseId, *, key: Key = None, as_json: AsJson = False) -> None:
    """Claim this case."""
    _act(told, case, "claim", key=key, as_json=as_json)


@queue_app.command("renew")
@listens_to("postgres_dsn")
def queue_renew(told: "Configured", case: CaseId, *, as_json: AsJson = False) -> None:
    """Say that you are still there: the lease of your claim goes on from now."""
    from pipeline.commands.desk import renew

    renew(told.settings, case, as_json=as_json)


@queue_app.command("give-back")
@listens_to("postgres_dsn")
def queue_give_back(told: "Configured", case: CaseId, *, fence: Fence = None, as_json: AsJson = False) -> None:
    """Give a case back that you are screening; a supervisor may do it for another."""
    _act(told, case, "give_back", fence=fence, as_json=as_json)


@case_app.command("show")
@listens_to("postgres_dsn")
def case_show(told: "Configured", case: CaseId, *, as_json: AsJson = False) -> None:
    """Where a case stands: stage, holder, clocks and tasks. By ANWANG_SESSION."""
    from pipeline.commands.desk import show_case

    show_case(told.settings, case, as_json=as_json)


@case_app.command("history")
@listens_to("postgres_dsn")
def case_history(told: "Configured", case: CaseId, *, as_json: AsJson = False) -> None:
    """What happened to a case, from its own chain. By ANWANG_SESSION."""
    from pipeline.commands.desk import show_history

    show_history(told.settings, case, as_json=as_json)


@case_app.command("act")
@listens_to("postgres_dsn")
def case_act(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    case: CaseId,
    act: Annotated[str, typer.Argument(metavar="ACT", help="screen_open, accept, step, close …: docs/desk.md.")],
    *,
    fence: Fence = None,
    reason: Reason = None,
    result: Annotated[str | None, typer.Option("--result", help="Of close: established or not_established.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Of step: a clock's or a task's name.")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Of a visit: the letter of how.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Of a visit: reached or not_reached.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="CODE", help="Of assign: to whom, a staff code.")] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Take a case a step further at the desk. By ANWANG_SESSION."""
    codes = {"reason": reason, "result": result, "step": step, "method": method, "outcome": outcome, "to": to}
    _act(told, case, act, fence=fence, key=key, as_json=as_json, **codes)


def _act(  # noqa: PLR0913 - as the flags
    told: "Configured",
    case: UUID,
    name: str,
    *,
    fence: int | None = None,
    key: str | None = None,
    as_json: bool,
    **codes: str | None,
) -> None:
    from pipeline.commands.desk import act
    from pipeline.domain.desk import DeskAct
    from pipeline.errors import DeskRefusedError

    if name not in set(DeskAct):
        raise DeskRefusedError("act_unknown")
    act(told.settings, case, DeskAct(name), fence=fence, codes=codes, key=key, as_json=as_json)
