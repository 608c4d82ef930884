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


@policy_app.command("diff")
def policy_diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.toml", help="Such as the one in force.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.toml", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what NEW says otherwise than OLD: rows that are new, gone, changed or moved."""
    from pipeline.commands.policy_diff import show_difference

    show_difference(old, new, as_json=as_json)


@policy_app.command("holidays")
def policy_holidays(
    years: Annotated[list[int], typer.Argument(metavar="YEAR...", min=1900, max=2200, show_default=False)],
) -> None:
    """Print the days that are not worked in Taiwan, as a policy's calendar holds them."""
    from pipeline.commands.policy_holidays import print_calendar

    print_calendar(years)


@policy_app.command("to-excel")
def policy_to_excel(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="A new file.", show_default=False)],
) -> None:
    """Write the tables of points, times and days as a spreadsheet."""
    from pipeline.commands.policy_excel import to_excel

    to_excel(file, out)


@policy_app.command("from-excel")
def policy_from_excel(
    book: Annotated[Path, typer.Argument(metavar="IN.xlsx", show_default=False)],
    *,
    into: Annotated[Path, typer.Option(metavar="FILE.toml", help="The policy that was written as a spreadsheet.")],
    out: Annotated[
        Path | None, typer.Option(metavar="NEW.toml", help="A new file; standard output if not said.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="What the changed policy is called.")] = None,
    effective_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day on which it may be in force.")
    ] = None,
) -> None:
    """Take the cells of a spreadsheet over; names every cell that will not do."""
    from pipeline.commands.policy_excel import Heads, from_excel

    heads = Heads(version, effective_from.date() if effective_from else None)
    raise typer.Exit(from_excel(book, into, out, heads))


@policy_app.command("simulate")
@listens_to("postgres_dsn", "keys_dsn", "key_file", "data_dir", "sources_file", "directory_dir")
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
    if reports:
        from pipeline.commands.policy_simulate_file import of_file as replay
    else:
        from pipeline.commands.policy_simulate_stored import of_database as replay
    simulate(told.settings, wish, replay)


@policy_app.command("overrides")
@listens_to("postgres_dsn", "data_dir")
def policy_overrides(
    told: "Configured",
    *,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day, in Taipei.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day, in Taipei.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which rules people override most: raised, lowered, of how many cases, and why."""
    from pipeline.commands.policy_overrides import show

    show(told.settings, first.date() if first else None, last.date() if last else None, as_json=as_json)
