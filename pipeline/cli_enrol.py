"""The commands of `anwang source` by which a source is enrolled, gets credentials and is revoked."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import KAFKA, listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

source_app = typer.Typer(no_args_is_help=True, help="Who may report: enrol, give new credentials, revoke, list.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


class Credential(StrEnum):
    """As `commands.source.Shown`, which is not loaded for --help."""

    TOKEN = "token"  # noqa: S105 - a word, no token
    CODE = "code"
    FORM = "form"
    NONE = "none"


Code = Annotated[str, typer.Argument(metavar="CODE", help="Small letters, digits, hyphens: clinic-0042.")]
Given = Annotated[
    Credential, typer.Option("--with", help="What it gets: token, one-time code, form key, none.", show_default=True)
]
Url = Annotated[str | None, typer.Option(metavar="URL", help="Where the HTTP intake is reached, for form addresses.")]
AtKafka = Annotated[bool, typer.Option("--kafka", help="It writes to Kafka itself: a topic and a password of its own.")]
REGISTER = ("postgres_dsn", *KAFKA, "sources_file", "partitions", "replicas", "data_dir")


def _require_url(given: Credential, url: str | None) -> None:
    if given is Credential.FORM and not url:
        raise typer.BadParameter("say where the HTTP intake is reached from outside", param_hint="--url")


@source_app.command("add")
@listens_to(*REGISTER)
def source_add(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    code: Code,
    *,
    kind: Annotated[str | None, typer.Option(help="clinic, school, police, safety-site, ... or your own.")] = None,
    role: Annotated[str | None, typer.Option(help="Role of its reporters; the kind's if not told.")] = None,
    county: Annotated[str | None, typer.Option(help="Such as 臺北市; none is national.")] = None,
    name: Annotated[str | None, typer.Option(help="The organisation's name.")] = None,
    own_topic: Annotated[
        bool | None, typer.Option("--own-topic/--shared-topic", help="A topic of its own: it writes to Kafka itself.")
    ] = None,
    kafka: AtKafka = False,
    given: Annotated[
        Credential | None,
        typer.Option("--with", help="token (so if not told; with --kafka none), one-time code, form key, none."),
    ] = None,
    url: Url = None,
) -> None:
    """Enrol a source; its credential is shown this once."""
    from pipeline.commands.kafka import add_source
    from pipeline.commands.source import Asked, Shown, add

    shown = Shown(given or (Credential.NONE if kafka else Credential.TOKEN))
    _require_url(Credential(shown), url)
    wanted = Asked(code, kind, role, county, name, own_topic=True if kafka else own_topic)
    (add_source if kafka else add)(told.settings, wanted, shown, url)


@source_app.command("import")
@listens_to(*REGISTER)
def source_import(
    told: "Configured",
    file: Annotated[Path, typer.Argument(help="CSV with source, kind, role, county, and name, own_topic if you like.")],
    *,
    credentials: Annotated[Path, typer.Option(metavar="OUT.csv", help="Where the secrets are written, mode 0600.")],
    given: Given = Credential.CODE,
    url: Url = None,
) -> None:
    """Enrol all sources of a list at once; again, only those that are new."""
    from pipeline.commands.source import Shown, import_sources

    _require_url(given, url)
    import_sources(told.settings, file, credentials, Shown(given), url)


@source_app.command("rotate")
@listens_to("postgres_dsn", *KAFKA, "sources_file", "data_dir")
def source_rotate(  # noqa: PLR0913 - each is a flag
    told: "Configured",
    code: Code,
    *,
    overlap_h: Annotated[float, typer.Option(min=0, help="Hours for which earlier ones stay good.")] = 24,
    kafka: Annotated[bool, typer.Option("--kafka", help="Its password at Kafka; the earlier one ends now.")] = False,
    given: Given = Credential.TOKEN,
    url: Url = None,
) -> None:
    """Give a source a new credential; earlier ones of its sort end."""
    from pipeline.commands.kafka import rotate_source
    from pipeline.commands.source import Shown, rotate

    if kafka:
        rotate_source(told.settings, code)
        return
    _require_url(given, url)
    rotate(told.settings, code, Shown(given), overlap_h, url)


@source_app.command("revoke")
@listens_to("postgres_dsn", *KAFKA, "sources_file", "data_dir")
def source_revoke(told: "Configured", code: Code) -> None:
    """Believe nothing of a source any more; `add` enrols it anew."""
    from pipeline.commands.kafka import revoke_source

    revoke_source(told.settings, code)


@source_app.command("list")
@listens_to("postgres_dsn", "sources_file", "data_dir")
def source_list(
    told: "Configured",
    *,
    kind: Annotated[str | None, typer.Option(help="Only those of this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is enrolled, and what they hold."""
    from pipeline.commands.source import show

    show(told.settings, kind, as_json=as_json)


@source_app.command("counts")
@listens_to("postgres_dsn", "data_dir")
def source_counts(
    told: "Configured",
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Of this source alone.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Count a source's reports by month, and how many of them a centre took in hand: exact, so for those inside."""
    from pipeline.commands.source import show_counts

    show_counts(told.settings, code, as_json=as_json)


@source_app.command("qr")
@listens_to("postgres_dsn", "data_dir")
def source_qr(
    told: "Configured",
    code: Code,
    out: Annotated[Path, typer.Argument(metavar="OUT.svg", help="Also .png or .pdf.")],
    *,
    url: Annotated[str, typer.Option(metavar="URL", help="Where the HTTP intake is reached from outside.")],
) -> None:
    """Draw a QR code that opens a site's form."""
    from pipeline.commands.source import draw_qr

    draw_qr(told.settings, code, url, out)
