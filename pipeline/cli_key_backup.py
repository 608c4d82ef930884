"""The commands of `anwang keys` that keep the store of case keys for seven days, and bring it back without what was
erased.
"""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

STORED = ("postgres_dsn", "keys_dsn", "key_file", "wrapping_key", "hsm_pin_file", "erasure_list", "data_dir")


def add_to(keys_app: typer.Typer) -> None:
    """`backup` and `restore`."""
    keys_app.command("backup")(keys_backup)
    keys_app.command("restore")(keys_restore)


@listens_to(*STORED)
def keys_backup(
    told: "Configured", *, to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Beside no copy of the data.")]
) -> None:
    """Write all case keys, wrapped, to a new file, and remove those in the folder that are older than 7 days."""
    from pipeline.commands.key_backup import back_up

    back_up(told.settings, to)


@listens_to(*STORED)
def keys_restore(told: "Configured", file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Bring back the case keys of a backup, without those of what was erased since."""
    from pipeline.commands.key_backup import restore

    restore(told.settings, file)
