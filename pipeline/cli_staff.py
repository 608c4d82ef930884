"""The commands of `anwang staff`: who works here, in which post, and how they sign in."""
# ruff: noqa: PLC0415 - a command loads what it needs when it is called, so that a short one answers at once

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import listens_to

if TYPE_CHECKING:
    from pipeline.settings import Configured

staff_app = typer.Typer(no_args_is_help=True, help="Who works here: accounts, posts, and how they sign in.")

Member = Annotated[str, typer.Argument(metavar="CODE", help="Letters and digits, such as S1024; never a name.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
ScopeText = Annotated[
    str, typer.Argument(metavar="SCOPE", help="Code of a centre, name of a county for all of its centres, or '*'.")
]


class Role(StrEnum):
    """As `domain.posts.PostRole`, which is not loaded for --help."""

    SCREENER = "screener"
    DISPATCHER = "dispatcher"
    PROTECTIVE_WORKER = "protective_worker"
    FAMILY_WORKER = "family_worker"
    SUPERVISOR = "supervisor"
    POLICY_OWNER = "policy_owner"
    ANALYST = "analyst"
    OPERATOR = "operator"
    AUDIT_READER = "audit_reader"


RoleName = Annotated[Role, typer.Argument(metavar="ROLE", help=", ".join(Role), show_default=False)]


@staff_app.command("add")
@listens_to("postgres_dsn", "data_dir")
def staff_add(
    told: "Configured",
    code: Member,
    *,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The password is its first line; without it, it is asked for.")
    ] = None,
    without_password: Annotated[bool, typer.Option(help="They sign in at the OpenID provider alone.")] = False,
) -> None:
    """Add somebody, or give them another password; sessions of theirs end."""
    from pipeline.commands.staff import add

    add(told.settings, code, password_file, is_asked=not without_password)


@staff_app.command("post")
@listens_to("postgres_dsn", "directory_dir", "data_dir")
def staff_post(told: "Configured", code: Member, role: RoleName, scope: ScopeText) -> None:
    """Give a post: a role, and for which centres."""
    from pipeline.commands.staff import give_post

    give_post(told.settings, code, role.value, scope)


@staff_app.command("post-end")
@listens_to("postgres_dsn", "data_dir")
def staff_post_end(told: "Configured", code: Member, role: RoleName, scope: ScopeText) -> None:
    """End a post; sessions and claims in it end at once."""
    from pipeline.commands.staff import end_post

    end_post(told.settings, code, role.value, scope)


@staff_app.command("oidc")
@listens_to("postgres_dsn", "data_dir")
def staff_oidc(
    told: "Configured",
    code: Member,
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="As in the setting oidc_issuer.")],
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="As what the provider knows them: `sub`.")],
) -> None:
    """Let somebody sign in at the OpenID provider as this subject."""
    from pipeline.commands.staff import bind

    bind(told.settings, code, issuer, subject)


@staff_app.command("end")
@listens_to("postgres_dsn", "data_dir")
def staff_end(told: "Configured", code: Member) -> None:
    """Somebody works here no more: posts, sessions and claims of theirs end at once."""
    from pipeline.commands.staff import end

    end(told.settings, code)


@staff_app.command("list")
@listens_to("postgres_dsn", "data_dir")
def staff_list(told: "Configured", *, as_json: AsJson = False) -> None:
    """Who works here and worked here, in which posts, and how they sign in."""
    from pipeline.commands.staff import show

    show(told.settings, as_json=as_json)


@staff_app.command("tie")
@listens_to("postgres_dsn", "keys_dsn", "key_file", "data_dir")
def staff_tie(told: "Configured", code: Member) -> None:
    """Ask somebody for their number, name, telephones and addresses: cases that tell of them, or of their home, are not
    there for them from now on. Nothing of it is given on the command line.
    """
    from pipeline.commands.staff_ties import tie

    tie(told.settings, code)


@staff_app.command("untie")
@listens_to("postgres_dsn", "keys_dsn", "key_file", "data_dir")
def staff_untie(told: "Configured", code: Member) -> None:
    """Forget what `tie` asked."""
    from pipeline.commands.staff_ties import untie

    untie(told.settings, code)
