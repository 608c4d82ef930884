"""Settings as flags: a command names those that it listens to, and gets the settings."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from pipeline.settings import Configured

PANEL = "Settings (flag, else ANWANG_… in the environment, else anwang.toml)"

HELP: Mapping[str, str] = {
    "kafka_bootstrap": "Brokers, host:port with commas between.",
    "kafka_security": "plaintext, on this machine alone, or sasl_ssl.",
    "kafka_user": "As whom the brokers are called.",
    "kafka_password_file": "Its password, mode 0600.",
    "kafka_ca_file": "Who signs the brokers' certificates, PEM.",
    "kafka_group": "Consumer group of all assess processes.",
    "postgres_dsn": "Database of reports and cases.",
    "keys_dsn": "Database of case keys.",
    "data_dir": "Folder of this machine's own files.",
    "key_file": "Key ring.",
    "erasure_list": "List of erasures.",
    "gate_key_file": "Keys of the HTTP intake.",
    "wrapping_key": "What wraps case keys: file, or a PKCS#11 URI.",
    "hsm_pin_file": "PIN of the token of that URI.",
    "anchor_key_file": "Key that signs anchors of the audit.",
    "anchor_file": "Anchors outside the database.",
    "anchor_every_s": "Seconds from anchor to anchor.",
    "timestamp_command": "Fetches a timestamp by RFC 3161.",
    "sources_file": "Sources beside those enrolled by command, CSV.",
    "weights_file": "What agreements weigh, JSON by `anwang learn`.",
    "directory_dir": "Folder of centres and districts.",
    "feeds_file": "Folders that `anwang run feeds` watches, TOML.",
    "notify_file": "Whom notifications reach, TOML.",
    "instance": "Name of this process among its like.",
    "http_host": "Where health and metrics are served.",
    "http_port": "Their port; 0 is any free one, 'off' none.",
    "intake_host": "Where reports are taken in by HTTP.",
    "intake_port": "Its port; 0 is any free one.",
    "intake_rate": "How often one source may call, such as 1200/minute.",
    "source_sees": "How far sources see what becomes of their reports.",
    "body_bytes_max": "Largest body of one request.",
    "intake_cert_file": "Its TLS certificate, PEM.",
    "intake_key_file": "The key to it, PEM, mode 0600.",
    "intake_client_ca_file": "Who signs sources' client certificates, PEM.",
    "desk_host": "Where staff ask and rule by HTTP.",
    "desk_port": "Its port; 0 is any free one.",
    "desk_rate": "How often one session may call, such as 1200/minute.",
    "desk_local_accounts": "Whether people sign in by a password that we keep.",
    "session_idle_min": "Minutes without use after which a session ends.",
    "session_max_h": "Hours after which it ends in any case.",
    "oidc_issuer": "OpenID provider where people sign in.",
    "oidc_client_id": "As what it knows the desk.",
    "oidc_client_secret_file": "The secret that it gave us.",
    "oidc_redirect_url": "Where browsers reach the desk's /v1/session/oidc/callback.",
    "spool_dir": "Where reports are kept, sealed, while the broker is away.",
    "spool_bytes_max": "Largest such spool.",
    "partitions": "Partitions of new topics.",
    "replicas": "Replicas of new topics.",
    "log_level": "debug, info, warning or error.",
}
"""Every setting. Stands here, too, so that `--help` need not load the settings."""

PROCESS = tuple(HELP)
KAFKA = ("kafka_bootstrap", "kafka_security", "kafka_user", "kafka_password_file", "kafka_ca_file")
SERVERS = (*KAFKA, "postgres_dsn", "keys_dsn", "key_file", "data_dir", "sources_file")

Command = Callable[..., None]


def listens_to(*names: str) -> Callable[[Command], Command]:
    """The command's first parameter becomes what these flags, the environment and the file say."""

    def around(command: Command) -> Command:
        own = list(inspect.signature(command).parameters.values())[1:]
        flags = [_flag(name, HELP[name]) for name in names]
        config = _parameter("config", Path | None, "--config", "Read this file instead of anwang.toml.")

        def called(**given: Any) -> None:  # noqa: ANN401 - what typer has parsed
            file = given.pop("config")
            told = {name: given.pop(name) for name in names}
            command(settle({n: v for n, v in told.items() if v is not None}, file), **given)

        called.__signature__ = inspect.Signature([*own, config, *flags])  # type: ignore[attr-defined] # how typer is told
        called.__annotations__ = {p.name: p.annotation for p in (*own, config, *flags)}
        called.__doc__, called.__name__ = command.__doc__, command.__name__
        return called

    return around


def _flag(name: str, text: str) -> inspect.Parameter:
    return _parameter(name, str | None, f"--{name.replace('_', '-')}", text)


def _parameter(name: str, kind: object, flag: str, text: str) -> inspect.Parameter:
    option = typer.Option(flag, help=text, rich_help_panel=PANEL, show_default=False)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def settle(flags: Mapping[str, object], config: Path | None) -> "Configured":
    """The settings; servers that `anwang up` runs in the data folder stand in for the defaults."""
    import os  # noqa: PLC0415 - see the package

    from pipeline.settings import configure, use_weights  # noqa: PLC0415

    named = os.environ.get("ANWANG_CONFIG")
    file = config or (Path(named) if named else None)
    told = configure(flags, file)
    local = _local_servers(told.settings.data_dir)
    configured = configure(flags, file, local) if local else told
    use_weights(configured.settings)
    return configured


def _local_servers(data_dir: Path) -> Mapping[str, object]:
    if not (data_dir / "run" / "status.json").is_file():
        return {}
    try:
        from pipeline.local.daemon import status  # noqa: PLC0415 - belongs to an extra
    except ImportError:
        return {}
    known = status(data_dir)
    if known is None or known.servers is None:
        return {}
    return {
        **known.servers.kafka_settings(),
        "postgres_dsn": known.servers.postgres_dsn,
        "keys_dsn": known.servers.keys_dsn,
        "desk_local_accounts": True,
    }


class CaseFirst(TyperGroup):
    """A group whose command `case` is meant where another word than one of its commands stands first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps the class of its context to itself
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["case", *args]
        return super().parse_args(ctx, args)
