"""The commands of `anwang unread`: the reports that wait for a person."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.commands.options import SERVERS, listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

unread_app = typer.Typer(invoke_without_command=True)


def named(by: str | None) -> str:
    """Who looked. Raises typer.BadParameter where nobody is named."""
    if not by or not by.strip():
        raise typer.BadParameter("say who looked", param_hint="--by")
    return by.strip()


@unread_app.callback()
@listens_to(*SERVERS)
def unread(
    told: "Configured",
    ctx: typer.Context,
    *,
    read: Annotated[UUID | None, typer.Option(metavar="ID", help="A person has read this one; needs --by.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who looked.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
) -> None:
    """The reports that wait for a person because nobody could read or may believe them."""
    from pipeline.commands.ledger import mark_read, show_unread

    if ctx.invoked_subcommand:
        return
    if read is None:
        show_unread(told.settings, as_json=as_json)
    else:
        raise typer.Exit(mark_read(told.settings, read, named(by)))


@unread_app.command("release")
@listens_to(*SERVERS)
def unread_release(
    told: "Configured",
    unread_id: Annotated[UUID, typer.Argument(metavar="ID", help="As `anwang unread` lists it.")],
    *,
    by: Annotated[str, typer.Option("--by", metavar="CODE", help="Your staff code, never a name.")],
    second: Annotated[str, typer.Option("--second", metavar="CODE", help="Who else believes it.")],
) -> None:
    """Let a quarantined report become part of a case after all; its clocks start from when it first came in."""
    from pipeline.commands.unread import release

    release(told.settings, unread_id, by, second)
