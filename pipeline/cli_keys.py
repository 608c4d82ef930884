"""The commands of `anwang keys`: the keys that everything sealed depends on, and how they are replaced."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_key_backup import add_to
from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

keys_app = typer.Typer(
    no_args_is_help=True, help="The keys: draw them, replace them while all runs, see what needs which."
)

add_to(keys_app)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
KEYED = (
    *("postgres_dsn", "keys_dsn", "key_file", "gate_key_file", "wrapping_key", "hsm_pin_file"),
    *("data_dir", "sources_file"),
)


class Rotated(StrEnum):
    """As `commands.keys.Which`, which is not loaded for --help."""

    WRAPPING = "wrapping"
    CASE = "case"
    DATA = "data"
    INDEX = "index"
    DIGEST = "digest"
    GATE = "gate"


Which = Annotated[
    Rotated,
    typer.Argument(
        show_default=False,
        help="wrapping wraps case keys, case the reports of a case, data each report, index makes tokens, digest knows"
        " messages again, gate serves the HTTP intake.",
    ),
]


@keys_app.command("init")
@listens_to("key_file", "gate_key_file", "anchor_key_file", "wrapping_key", "hsm_pin_file", "data_dir")
def keys_init(told: "Configured") -> None:
    """Draw the key ring, the keys of the HTTP intake and of the audit's anchors; existing ones are never replaced."""
    from pipeline.commands.keys import make_keys

    make_keys(told.settings)


@keys_app.command("draw")
@listens_to("key_file", "gate_key_file", "data_dir")
def keys_draw(told: "Configured", which: Which) -> None:
    """Only draw the next version into the file, to copy it to other machines before `rotate`."""
    from pipeline.commands.keys import Which, draw

    draw(told.settings, Which(which))


@keys_app.command("rotate")
@listens_to(*KEYED)
def keys_rotate(told: "Configured", which: Which) -> None:
    """Replace a key while all runs. What was broken off goes on when called again."""
    from pipeline.commands.keys import Which, rotate

    rotate(told.settings, Which(which))


@keys_app.command("status")
@listens_to(*KEYED)
def keys_status(told: "Configured", *, as_json: AsJson = False) -> None:
    """How much lies under which version of which key."""
    from pipeline.commands.keys import show_status

    show_status(told.settings, as_json=as_json)


@keys_app.command("prune")
@listens_to(*KEYED)
def keys_prune(
    told: "Configured",
    *,
    days: Annotated[int, typer.Option(min=0, help="Only versions that nothing has needed for so long.")] = 35,
) -> None:
    """Forget versions that nothing lies under. Backups that are older than that open no more."""
    from pipeline.commands.keys import prune

    prune(told.settings, days)
