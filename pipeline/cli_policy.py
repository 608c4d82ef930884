"""The commands of `anwang policy`: the rules of a bureau, read, tried and changed."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from pathlib import Path
from typing import Annotated

import typer

policy_app = typer.Typer(no_args_is_help=True, help="The rules: check, compare, edit as a spreadsheet.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


@policy_app.command("check")
def policy_check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Without one, the policies that are shipped.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say whether policy files are sound, and run their examples; names every fault with its line."""
    from pipeline.commands.policy_check import check_files

    raise typer.Exit(check_files(files or [], as_json=as_json))
