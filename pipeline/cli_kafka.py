"""The commands of `anwang kafka` and `anwang reader`: who is known at the broker, and what each may do there."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import KAFKA, listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

kafka_app = typer.Typer(no_args_is_help=True, help="The broker's certificate, and who may do what there.")
reader_app = typer.Typer(no_args_is_help=True, help="The bureau's own programs that read all queues from Kafka.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, hyphens: statistics.")]
OPERATED = (*KAFKA, "data_dir")


@kafka_app.command("certificates")
def kafka_certificates(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Of the authority: ca.key, ca.pem.")],
    *,
    broker: Annotated[Path, typer.Option(metavar="FILE.pem", help="The broker's key and certificate.")],
    host: Annotated[list[str], typer.Option(help="By what name or address it is called; several times for several.")],
    shared: Annotated[
        bool, typer.Option("--group-readable", help="The broker runs as another user of our group.")
    ] = False,
) -> None:
    """Draw an authority of your own and the broker's certificate; does only what is missing."""
    from pipeline.commands.kafka import draw_certificates

    draw_certificates(folder, broker, tuple(dict.fromkeys(host)), is_shared=shared)


@kafka_app.command("accounts")
@listens_to(*OPERATED, "kafka_group")
def kafka_accounts(
    told: "Configured",
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds assess/password, relay/password, ...")],
) -> None:
    """Give each process its account: its password, drawn where there is none, and exactly its rights."""
    from pipeline.commands.kafka import settle_processes

    settle_processes(told.settings, folder)


@kafka_app.command("list")
@listens_to(*OPERATED)
def kafka_list(told: "Configured") -> None:
    """Everyone who has a password at the broker."""
    from pipeline.commands.kafka import show_accounts

    show_accounts(told.settings)


@reader_app.command("add")
@listens_to(*OPERATED)
def reader_add(told: "Configured", name: Name) -> None:
    """Make an account that reads the records of ALL centres; its password is shown this once."""
    from pipeline.commands.kafka import add_reader

    add_reader(told.settings, name)


@reader_app.command("rotate")
@listens_to(*OPERATED)
def reader_rotate(told: "Configured", name: Name) -> None:
    """Give a reader a new password; the one of before opens nothing more."""
    from pipeline.commands.kafka import rotate_reader

    rotate_reader(told.settings, name)


@reader_app.command("revoke")
@listens_to(*OPERATED)
def reader_revoke(told: "Configured", name: Name) -> None:
    """End a reader's account; it reads nothing from now on."""
    from pipeline.commands.kafka import revoke_reader

    revoke_reader(told.settings, name)
