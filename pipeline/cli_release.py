"""The commands of `anwang policy` by which a policy comes into force: keys, signatures, times, a shadow."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_policy import AsJson, policy_app
from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

policy_keys = typer.Typer(no_args_is_help=True, help="Keys with which people sign policies.")
policy_app.add_typer(policy_keys, name="key")

Version = Annotated[str, typer.Argument(metavar="VERSION", help="As in the file, such as taipei-2027.1.")]
By = Annotated[str, typer.Option("--by", metavar="CODE", help="Your staff code, never a name.")]
Staff = Annotated[str, typer.Argument(metavar="STAFF", help="A staff code, such as S1024; never a name.")]
KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="Your private key.")]
RELEASES = ("postgres_dsn", "data_dir")


@policy_keys.command("new")
def key_new(
    *,
    by: By,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file, for your eyes alone (mode 0600).")],
) -> None:
    """Draw your key. The file stays with you; the line that is printed goes to who registers it."""
    from pipeline.commands.policy_release import new_key

    new_key(by, out)


@policy_keys.command("add")
@listens_to(*RELEASES)
def key_add(
    told: "Configured",
    staff: Staff,
    public_key: Annotated[str, typer.Argument(metavar="PUBKEY", help="As `key new` printed it: ed25519:...")],
) -> None:
    """Register a person's public key. Make sure that it is really theirs."""
    from pipeline.commands.policy_release import add_key

    add_key(told.settings, staff, public_key)


@policy_keys.command("revoke")
@listens_to(*RELEASES)
def key_revoke(told: "Configured", staff: Staff) -> None:
    """End a person's key: it was lost, or they left. What it signed before stays signed."""
    from pipeline.commands.policy_release import revoke_key

    revoke_key(told.settings, staff)


@policy_app.command("propose")
@listens_to(*RELEASES)
def policy_propose(
    told: "Configured",
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, as TOML.")],
    *,
    by: By,
    note: Annotated[str | None, typer.Option(help="What it changes and why, in a sentence.")] = None,
) -> None:
    """Put a policy before the signers. It must be sound and its examples must hold."""
    from pipeline.commands.policy_release import propose

    propose(told.settings, file, by, note)


@policy_app.command("sign")
@listens_to(*RELEASES)
def policy_sign(told: "Configured", version: Version, *, key: KeyFile, by: By) -> None:
    """Agree to a proposed policy. Two people must, before it can be activated."""
    from pipeline.commands.policy_release import sign

    sign(told.settings, version, key, by)


@policy_app.command("activate")
@listens_to(*RELEASES)
def policy_activate(
    told: "Configured",
    version: Version,
    *,
    starts: Annotated[
        str, typer.Option(metavar="TIME", help="When, such as 2027-01-01T00:00; Taiwan's time where no offset is told.")
    ],
    by: By,
    second: Annotated[str, typer.Option("--second", metavar="CODE", help="Who else signed it and agrees to the time.")],
) -> None:
    """Bring a signed policy into force from a time on, at least a minute ahead."""
    from pipeline.commands.policy_release import activate

    activate(told.settings, version, starts, (by, second))


@policy_app.command("roll-back")
@listens_to(*RELEASES)
def policy_roll_back(
    told: "Configured",
    *,
    key: Annotated[list[Path], typer.Option("--key", metavar="FILE", help="Of two people: twice.")],
    number: Annotated[
        int | None, typer.Option("--number", help="Of the activation to end; without it the one in force.")
    ] = None,
) -> None:
    """End an activation in a few seconds: the policy before it is in force again. Nothing is deleted."""
    from pipeline.commands.policy_release import roll_back

    roll_back(told.settings, key, number)


@policy_app.command("list")
@listens_to(*RELEASES)
def policy_list(told: "Configured", *, as_json: AsJson = False) -> None:
    """What was proposed, who signed it, when it was in force, and what is in force now."""
    from pipeline.commands.policy_shown import show_all

    show_all(told.settings, as_json=as_json)


@policy_app.command("show")
@listens_to(*RELEASES)
def policy_show(
    told: "Configured",
    version: Annotated[str | None, typer.Argument(metavar="VERSION", help="Without it, the one in force.")] = None,
) -> None:
    """Print a policy's file, as it was proposed."""
    from pipeline.commands.policy_shown import show_file

    show_file(told.settings, version)


@policy_app.command("shadow")
@listens_to(*RELEASES)
def policy_shadow(
    told: "Configured",
    version: Annotated[str | None, typer.Argument(metavar="VERSION", help="Let this one judge beside.")] = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="End it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a proposed policy judge every report beside the one in force, without effect; alone, show what it says."""
    from pipeline.commands.policy_shown import begin_shadow, end_shadow, show_shadow

    if off:
        end_shadow(told.settings, version)
    elif version:
        begin_shadow(told.settings, version)
    else:
        show_shadow(told.settings, as_json=as_json)
