"""The commands of `anwang policy`: the rules of a bureau, read, tried and changed."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

policy_app = typer.Typer(no_args_is_help=True, help="The rules: check, try, sign and activate.")

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


@policy_app.command("simulate")
@listens_to("postgres_dsn", "keys_dsn", "key_file", "data_dir", "sources_file")
def policy_simulate(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    new: Annotated[Path, typer.Argument(metavar="NEW.toml", help="The policy to try.")],
    *,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="OLD.toml", help="Compare with this one, not with the one in force then."),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day on which the new one judges."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day; what came later is left out."),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(metavar="FILE.ndjson", help="Replay a file, one CloudEvent a line, without any server."),
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="How the file's reports belong together: decisions of `anwang assess`, or its --links (.csv).",
        ),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="Cases to open for each kind of change.")] = 3,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many work side by side.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Replay history under a new policy and say who moves: how many cases change queue, priority, grade, centre, clocks
    or tags, by county, source, category, age and sex. Nothing is changed. Reports stay linked as they are now, since
    linking does not depend on the policy.
    """
    from pipeline.commands.policy_simulate import Wish, simulate

    wish = Wish(
        new,
        against,
        first.date() if first else None,
        last.date() if last else None,
        reports,
        decisions,
        examples,
        processes,
        as_json,
    )
    simulate(told.settings, wish)
