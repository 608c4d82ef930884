"""The commands of `anwang notify`: whom notifications reach, and who was told when."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

notify_app = typer.Typer(no_args_is_help=True, help="Who is told of a case: targets, dead letters, acknowledgements.")

Which = Annotated[UUID, typer.Argument(metavar="ID", help="As `anwang notify list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
LIMIT_MAX = 1000


class State(StrEnum):
    """As the database has it."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    NO_TARGET = "no_target"


@notify_app.command("check")
@listens_to("notify_file", "directory_dir", "data_dir")
def notify_check(
    told: "Configured",
    *,
    send: Annotated[bool, typer.Option("--send", help="Send each target a trial, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Whom each audience of each centre reaches; ends with 1 where one reaches nobody. Needs no server."""
    from pipeline.commands.notify import check

    raise typer.Exit(check(told.settings, send=send, as_json=as_json))


@notify_app.command("list")
@listens_to("postgres_dsn", "data_dir")
def notify_list(  # noqa: PLR0913 - each is a filter
    told: "Configured",
    *,
    state: Annotated[State | None, typer.Option(help="Only those that have come so far.")] = None,
    case: Annotated[UUID | None, typer.Option(metavar="ID", help="Only of this case.")] = None,
    unacknowledged: Annotated[bool, typer.Option(help="Only those that nobody has acknowledged and that ask.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="How many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who must be told and was told of what, the latest first."""
    from pipeline.commands.notify import show_list

    wanted = state.value if state else None
    show_list(told.settings, wanted, case, limit, unacknowledged=unacknowledged, as_json=as_json)


@notify_app.command("show")
@listens_to("postgres_dsn", "data_dir")
def notify_show(told: "Configured", notification_id: Which, *, as_json: AsJson = False) -> None:
    """One of them, with each try."""
    from pipeline.commands.notify import show_one

    show_one(told.settings, notification_id, as_json=as_json)


@notify_app.command("acknowledge")
@listens_to("postgres_dsn", "data_dir")
def notify_acknowledge(
    told: "Configured",
    notification_id: Which,
    *,
    by: Annotated[str, typer.Option("--by", metavar="CODE", help="Who has seen it, by their staff code.")],
    as_json: AsJson = False,
) -> None:
    """Say for somebody who works here that they have seen it."""
    from pipeline.commands.notify import acknowledge

    acknowledge(told.settings, notification_id, by, as_json=as_json)


@notify_app.command("resend")
@listens_to("postgres_dsn", "data_dir")
def notify_resend(told: "Configured", notification_id: Which, *, as_json: AsJson = False) -> None:
    """Send a dead letter, or what had no target, once more under the same id."""
    from pipeline.commands.notify import send_again

    raise typer.Exit(send_again(told.settings, notification_id, as_json=as_json))
