"""The commands of `anwang source` about what proves a source: keys that sign, certificates that connect."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

key_app = typer.Typer(no_args_is_help=True, help="Keys by which a source signs what it sends.")
certificate_app = typer.Typer(no_args_is_help=True, help="TLS certificates by which a source connects.")
requirements = typer.Typer()

REGISTER = ("postgres_dsn", "sources_file", "data_dir")
Code = Annotated[str, typer.Argument(metavar="CODE", help="Of the source, such as clinic-0042.")]
OfWhom = Annotated[str | None, typer.Argument(metavar="CODE", help="Of this source alone.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


Due = Annotated[Switch, typer.Argument(metavar="on|off")]


@key_app.command("add")
@listens_to(*REGISTER)
def key_add(
    told: "Configured",
    code: Code,
    *,
    public_key: Annotated[Path, typer.Option(metavar="FILE", help="Ed25519 or P-256, as PEM or JWK.")],
    kid: Annotated[str | None, typer.Option(help="Its name in signatures; the JWK's own, else its thumbprint.")] = None,
) -> None:
    """Register a public key. Make sure that it is really the source's."""
    from pipeline.commands.source_proofs import add_key

    add_key(told.settings, code, public_key, kid)


@key_app.command("revoke")
@listens_to(*REGISTER)
def key_revoke(told: "Configured", code: Code, kid: Annotated[str, typer.Argument(metavar="KID")]) -> None:
    """End a key: what it signs from now on is not believed. It never comes back."""
    from pipeline.commands.source_proofs import revoke_key

    revoke_key(told.settings, code, kid)


@key_app.command("list")
@listens_to(*REGISTER)
def key_list(told: "Configured", code: OfWhom = None, *, as_json: AsJson = False) -> None:
    """Which keys there are, and since and until when they are good."""
    from pipeline.commands.source_proofs import show_keys

    show_keys(told.settings, code, as_json=as_json)


@requirements.command("require-signature")
@listens_to(*REGISTER)
def signature_due(told: "Configured", code: Code, due: Due) -> None:
    """Believe nothing of a source that is not signed, or end that."""
    from pipeline.commands.source_proofs import require_signature

    require_signature(told.settings, code, due=due is Switch.ON)


@certificate_app.command("add")
@listens_to(*REGISTER)
def certificate_add(
    told: "Configured", code: Code, file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate, PEM.")]
) -> None:
    """Bind a source to a client certificate: its token alone opens nothing any more."""
    from pipeline.commands.source_proofs import add_certificate

    add_certificate(told.settings, code, file)


@certificate_app.command("revoke")
@listens_to(*REGISTER)
def certificate_revoke(
    told: "Configured",
    code: Code,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="As `certificate list` shows it.")],
) -> None:
    """End a certificate. The source stays bound: add the next one, or say `require-certificate CODE off`."""
    from pipeline.commands.source_proofs import revoke_certificate

    revoke_certificate(told.settings, code, fingerprint)


@certificate_app.command("list")
@listens_to(*REGISTER)
def certificate_list(told: "Configured", code: OfWhom = None, *, as_json: AsJson = False) -> None:
    """Which certificates there are, by the SHA-256 of their public keys."""
    from pipeline.commands.source_proofs import show_certificates

    show_certificates(told.settings, code, as_json=as_json)


@requirements.command("require-certificate")
@listens_to(*REGISTER)
def certificate_due(told: "Configured", code: Code, due: Due) -> None:
    """Open the door to a source's token only beside its certificate, or end that."""
    from pipeline.commands.source_proofs import require_certificate

    require_certificate(told.settings, code, due=due is Switch.ON)
