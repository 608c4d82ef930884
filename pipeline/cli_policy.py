"""The commands of `anwang policy`: the rules of a bureau, read, tried and changed."""

from typing import Annotated

import typer

policy_app = typer.Typer(no_args_is_help=True, help="The rules: check, compare, edit as a spreadsheet.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
