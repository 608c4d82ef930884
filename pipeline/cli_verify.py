"""The commands of `anwang verify` and `anwang audit`: who looked at what, and whether that record is whole."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

verify_app = typer.Typer(no_args_is_help=True, help="Whether what is stored is what was written.")
audit_app = typer.Typer(no_args_is_help=True, help="Who looked at what: reads, reveals, refusals, overrides, keys.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


@verify_app.callback()
def verify() -> None:
    """A group, though it holds one command."""


@audit_app.callback()
def audit() -> None:
    """A group, though it holds one command."""


@verify_app.command("audit")
@listens_to("postgres_dsn", "anchor_key_file", "anchor_file", "data_dir")
def verify_audit(
    told: "Configured",
    *,
    anchors: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Anchors from outside; by default this machine's own.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Whose anchors are believed; by default beside the key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hash every event of access anew and name what was changed, removed, moved or invented; exits 1 then."""
    from pipeline.commands.audit import verify

    raise typer.Exit(verify(told.settings, anchors, public_key, as_json=as_json))


@audit_app.command("show")
@listens_to("postgres_dsn", "data_dir")
def audit_show(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    *,
    stream: Annotated[str | None, typer.Option(help="Only of this stream.")] = None,
    case: Annotated[UUID | None, typer.Option(metavar="CASE", help="Only of this case.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="CODE", help="Only what this one did.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from then on, in Taiwan's time.")] = None,
    events: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The events of access, oldest first, for an auditor's session in ANWANG_SESSION. That you looked is one, too."""
    from pipeline.commands.audit import Asked, show

    show(told.settings, Asked(stream, case, actor, since, events), as_json=as_json)
