"""What a process is told at its start: by flag, else environment, else file, else what runs locally, else default."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from pipeline import data
from pipeline.domain.directory import Directory, load_directory
from pipeline.domain.weights import choose, read_weights
from pipeline.errors import AnwangError

ENV_PREFIX = "ANWANG_"
CONFIG_FILE = Path("anwang.toml")
MASK = "***"

_SECRET_QUERY_KEYS = frozenset({"password", "sslpassword", "sslkey"})
_MADE_OF_OTHERS = "default_factory_not_called"

Bootstrap = Annotated[str, StringConstraints(pattern=r"^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$")]
Dsn = Annotated[str, StringConstraints(pattern=r"^postgres(ql)?://\S*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Port = Annotated[Annotated[int, Field(ge=0, le=65535)] | None, BeforeValidator(lambda v: None if v == "off" else v)]
Rate = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,6}/(second|minute|hour)$")]
Sees = Annotated[
    str,
    StringConstraints(
        pattern=r"^(received|settled|taken_over|closed)( [a-z0-9-]{1,64}=(received|settled|taken_over|closed))*$"
    ),
]
Issuer = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
WrappingKey = Annotated[str, StringConstraints(pattern=r"^(file|pkcs11:\S+)$")]
LogLevel = Literal["debug", "info", "warning", "error"]
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class KafkaSecurity(StrEnum):
    """How brokers are called: as nobody and unencrypted, on this machine alone; or with a password (SCRAM) over TLS."""

    PLAINTEXT = "plaintext"
    SASL_SSL = "sasl_ssl"


def is_loopback(bootstrap: str) -> bool:
    """Whether all of these brokers are on this machine."""
    hosts = {address.rpartition(":")[0] for address in bootstrap.split(",")}
    return all(host == "localhost" or _IS_LOOPBACK.fullmatch(host) for host in hosts)


_IS_LOOPBACK = re.compile(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}")


_FORM = {
    "kafka_bootstrap": "must be host:port, with commas between several",
    "postgres_dsn": "must begin with postgresql:// and hold no space",
    "keys_dsn": "must begin with postgresql:// and hold no space",
    "oidc_issuer": "must begin with https:// and hold no space",
    "oidc_redirect_url": "must begin with https:// and hold no space",
    "wrapping_key": "must be file, or begin with pkcs11: and hold no space",
    "desk_rate": "must be a number and second, minute or hour, such as 1200/minute",
    "source_sees": "must be received, settled, taken_over or closed, and may go on with kinds such as police=closed",
    "intake_rate": "must be a number and second, minute or hour, such as 600/minute",
}
"""Said in place of a pattern that a person would have to decipher."""


class SettingsRefusedError(AnwangError):
    """A setting is unknown or will not do; the text names its key and where it comes from, never its value."""


class Settings(BaseSettings):
    """Everything that a process may be told. Relative paths count from where it was started."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_ignore_empty=True)

    kafka_bootstrap: Bootstrap = Field("127.0.0.1:9092", description="The brokers, as host:port with commas between.")
    kafka_group: Name = Field("anwang-assess", description="The consumer group of all assess processes.")
    kafka_security: KafkaSecurity = Field(
        default_factory=lambda told: (
            KafkaSecurity.PLAINTEXT if is_loopback(told["kafka_bootstrap"]) else KafkaSecurity.SASL_SSL
        ),
        description="plaintext, for brokers on this machine alone, or sasl_ssl, the default for all others.",
    )
    kafka_user: Account | None = Field(None, description="As whom the brokers are called, such as anwang.relay.")
    kafka_password_file: Path | None = Field(None, description="Its password; only its owner may read the file.")
    kafka_ca_file: Path | None = Field(
        None, description="Who signs the brokers' certificates (PEM); the machine's own authorities if not set."
    )
    postgres_dsn: Dsn = Field("postgresql://127.0.0.1:5432/anwang", description="The database of reports and cases.")
    keys_dsn: Dsn = Field("postgresql://127.0.0.1:5432/anwang_keys", description="The database of case keys.")
    data_dir: Path = Field(Path(".anwang"), description="Where this machine's own files lie.")
    key_file: Path = Field(
        default_factory=lambda told: told["data_dir"] / "keys" / "ring.json",
        description="The key ring, by default keys/ring.json in data_dir; only its owner may read it.",
    )
    erasure_list: Path = Field(
        default_factory=lambda told: told["key_file"].parent / "erasures.ndjson",
        description="What was erased, by default erasures.ndjson beside the key ring; it must outlive both databases.",
    )
    gate_key_file: Path = Field(
        default_factory=lambda told: told["data_dir"] / "keys" / "gate.json",
        description="The keys of the HTTP intake, by default keys/gate.json in data_dir; they open no settled report.",
    )
    wrapping_key: WrappingKey = Field(
        "file", description="What wraps case keys: the key ring's own key, or one in a token, as an RFC 7512 URI."
    )
    hsm_pin_file: Path | None = Field(None, description="Holds the PIN of that token; only its owner may read it.")
    anchor_key_file: Path = Field(
        default_factory=lambda told: told["data_dir"] / "keys" / "anchor.pem",
        description="The key that signs anchors of the audit, by default keys/anchor.pem in data_dir.",
    )
    anchor_file: Path = Field(
        default_factory=lambda told: told["data_dir"] / "anchors.ndjson",
        description="Where anchors lie outside the database, by default anchors.ndjson in data_dir.",
    )
    anchor_every_s: float = Field(600.0, ge=1, le=86_400, description="How often the auditor signs the audit.")
    timestamp_command: str | None = Field(
        None, description="A command that fetches a timestamp by RFC 3161; it is run without a shell."
    )
    sources_file: Path | None = Field(
        None, description="The sources that stand beside those enrolled by command (CSV)."
    )
    weights_file: Path | None = Field(None, description="What agreements of two reports weigh, by `anwang learn`.")
    directory_dir: Path | None = Field(None, description="The centres that take cases: a folder of a bureau's own.")
    feeds_file: Path | None = Field(None, description="The folders that `anwang run feeds` watches (TOML).")
    notify_file: Path | None = Field(None, description="Whom notifications reach, and the mail server (TOML).")
    instance: Name | None = Field(None, description="This process among its like, such as assess-1.")
    http_host: str = Field("127.0.0.1", min_length=1, description="Where /metrics, /healthz and /readyz are served.")
    http_port: Port = Field(0, description="Its port; 0 takes any free one, 'off' serves none.")
    intake_host: str = Field("127.0.0.1", min_length=1, description="Where reports are taken in by HTTP.")
    intake_port: Annotated[int, Field(ge=0, le=65535)] = Field(8113, description="Its port; 0 takes any free one.")
    intake_rate: Rate = Field("1200/minute", description="How often one source may call one gateway.")
    source_sees: Sees = Field(
        "taken_over", description="How far a source sees what becomes of its report, and kinds that see otherwise."
    )
    body_bytes_max: int = Field(2_000_000, ge=10_000, le=10_000_000, description="The largest body of one request.")
    intake_cert_file: Path | None = Field(
        None, description="Its certificate chain (PEM): it then speaks TLS alone; needs intake_key_file."
    )
    intake_key_file: Path | None = Field(None, description="The key to it (PEM); only its owner may read it.")
    intake_client_ca_file: Path | None = Field(
        None, description="Who signs the client certificates of sources (PEM); none is asked for if not set."
    )
    desk_host: str = Field("127.0.0.1", min_length=1, description="Where staff ask and rule by HTTP.")
    desk_port: Annotated[int, Field(ge=0, le=65535)] = Field(8114, description="Its port; 0 takes any free one.")
    desk_local_accounts: bool = Field(
        False,  # noqa: FBT003 - a default
        description="Whether people may sign in by a password that we keep; for small places and for trying.",
    )
    desk_rate: Rate = Field("1200/minute", description="How often one session may call one desk.")
    session_idle_min: int = Field(30, ge=1, le=240, description="Minutes without use after which a session ends.")
    session_max_h: int = Field(12, ge=1, le=24, description="Hours after which a session ends in any case.")
    oidc_issuer: Issuer | None = Field(None, description="Where people sign in: an OpenID provider's issuer.")
    oidc_client_id: str | None = Field(None, min_length=1, description="As what it knows the desk.")
    oidc_client_secret_file: Path | None = Field(None, description="The secret that it gave us, for our eyes alone.")
    oidc_redirect_url: Issuer | None = Field(
        None, description="Where browsers reach /v1/session/oidc/callback of the desk."
    )
    spool_dir: Path | None = Field(
        None, description="Where the HTTP intake keeps reports, sealed, while the broker is away; none if not set."
    )
    spool_bytes_max: int = Field(1_000_000_000, ge=1_000_000, description="The largest such spool.")
    partitions: int = Field(3, ge=1, le=1000, description="Partitions of topics that `anwang topics` makes.")
    replicas: int = Field(1, ge=1, le=9, description="Replicas of topics that `anwang topics` makes.")
    log_level: LogLevel = Field("info", description="debug, info, warning or error.")


class Origin(StrEnum):
    """Where a value comes from, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    LOCAL = "local servers"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings, and where each of them comes from. `file` is the file that was read."""

    settings: Settings
    origins: Mapping[str, Origin]
    file: Path | None

    def shown(self) -> Mapping[str, str | float | None]:
        """The values as a person may see them."""
        return {name: _shown(name, getattr(self.settings, name)) for name in Settings.model_fields}


def configure(
    flags: Mapping[str, object], config: Path | None = None, local: Mapping[str, object] | None = None
) -> Configured:
    """Raises SettingsRefusedError for a value that will not do, or a `config` that cannot be read. `local` holds what
    servers on this machine say of themselves.
    """
    file = config or (CONFIG_FILE if CONFIG_FILE.is_file() else None)
    found: dict[Origin, Mapping[str, Any]] = {
        Origin.FLAG: flags,
        Origin.ENVIRONMENT: EnvSettingsSource(Settings)(),
        Origin.FILE: _read(file) if file else {},
        Origin.LOCAL: local or {},
    }
    origins = {
        name: next((origin for origin, values in found.items() if name in values), Origin.DEFAULT)
        for name in Settings.model_fields
    }
    told = {name: found[origin][name] for name, origin in origins.items() if origin in found}
    try:
        return Configured(Settings.model_validate(told), origins, file)
    except ValidationError as error:
        raise SettingsRefusedError("; ".join(_complaints(error, origins, file))) from None


def directory_of(settings: Settings) -> Directory:
    """The registered sources: a bureau's file, or the ones that are shipped. Raises SettingsRefusedError, which names
    the file and the line of a row that cannot be used.
    """
    file = settings.sources_file
    try:
        return load_directory(file.read_text("utf-8") if file else data.table("sources.csv"))
    except OSError as error:
        raise SettingsRefusedError(f"the file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsRefusedError(f"the file {file}, line {line}: this is not UTF-8") from None
    except ValueError as error:
        raise SettingsRefusedError(f"the file {file}, {error}") from None


def use_weights(settings: Settings) -> None:
    """Lets this process weigh by a bureau's own file, if it has one. Raises SettingsRefusedError."""
    file = settings.weights_file
    if file is None:
        return
    try:
        choose(read_weights(file.read_text("utf-8")))
    except OSError as error:
        raise SettingsRefusedError(f"the file {file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SettingsRefusedError(f"the file {file} holds no weights as `anwang learn` writes them") from None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsRefusedError(f"the file {file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SettingsRefusedError(f"the file {file} is not TOML") from None
    for name in values:
        if name not in Settings.model_fields:
            raise SettingsRefusedError(f"unknown key {name!r} in the file {file}")
    return values


def _complaints(error: ValidationError, origins: Mapping[str, Origin], file: Path | None) -> list[str]:
    found = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        if fault["type"] != _MADE_OF_OTHERS:
            name = str(fault["loc"][0])
            words = _FORM.get(name) or fault["msg"]
            found.append(f"{name} ({_named(name, origins[name], file)}): {words}")
    return found


def _named(name: str, origin: Origin, file: Path | None) -> str:
    match origin:
        case Origin.FLAG:
            return f"flag --{name.replace('_', '-')}"
        case Origin.ENVIRONMENT:
            return f"environment {ENV_PREFIX}{name.upper()}"
        case Origin.FILE:
            return f"file {file}"
        case Origin.LOCAL | Origin.DEFAULT:
            return origin.value


def _shown(name: str, value: object) -> str | float | None:
    if name.endswith("_dsn"):
        return masked(str(value))
    return value if isinstance(value, int | float) or value is None else str(value)


def masked(dsn: str) -> str:
    """The DSN without its passwords; nothing of it where it cannot be taken apart for certain."""
    try:
        parts = urlsplit(dsn)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return MASK
    if "@" in f"{parts.path}{parts.query}{parts.fragment}" or parts.fragment:
        return MASK
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    netloc = f"{name}{colon}{MASK if colon else ''}{at}{host}"
    kept = urlencode(
        [(k, MASK if k.lower() in _SECRET_QUERY_KEYS else v) for k, v in query], quote_via=quote, safe="/*"
    )
    return urlunsplit((parts.scheme, netloc, parts.path, kept, ""))
