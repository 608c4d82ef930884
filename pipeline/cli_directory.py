"""The commands of `anwang directory`: the centres that take cases."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

directory_app = typer.Typer(no_args_is_help=True, help="The centres that take cases, and their districts.")


@directory_app.command("check")
def directory_check(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The shipped one if not said.")] = None,
) -> None:
    """Count what a directory holds, or tell every mistake by file and line; exits 1 when there is one."""
    from pipeline.commands.directory import check

    raise typer.Exit(check(folder))


@directory_app.command("show")
@listens_to("directory_dir")
def directory_show(
    told: "Configured",
    town: Annotated[str, typer.Argument(metavar="TOWN", help="Such as 松山區, or 臺北市信義區.")],
) -> None:
    """The centres of a town, with hours and room."""
    from pipeline.commands.directory import show

    show(told.settings, town)
