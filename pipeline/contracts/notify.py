"""What leaves us when somebody must be told of a case, and whom it reaches, as a bureau writes it down (TOML)."""

import re
import tomllib
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from pipeline.contracts.case import Instant
from pipeline.contracts.mapping import Filled, complaints_of
from pipeline.contracts.vocabulary import Priority

EVERYWHERE = "*"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WEBHOOK = re.compile(
    r"(?:https://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])|http://(?:127\.0\.0\.1|localhost|\[::1\]))(?::\d{1,5})?(?:[/?][^\s#]*)?"
)

TargetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
Where = Annotated[str, StringConstraints(pattern=r"^\S{1,64}$")]
Mailbox = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]


class Audience(StrEnum):
    """Who is told, from the worker up."""

    HOLDER = "holder"
    SUPERVISOR = "supervisor"
    CENTRE_HEAD = "centre_head"
    BUREAU = "bureau"


class Channel(StrEnum):
    WEBHOOK = "webhook"
    EMAIL = "email"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Told(_Frozen):
    """One thing that somebody must know of a case: ids, codes and times alone. Who somebody is, is a staff code."""

    notification_id: UUID
    """The same whenever it is sent again."""
    case_id: UUID | None
    """None in a trial by `anwang notify check --send`."""
    kind: Code
    subject: Annotated[str, Field(max_length=200)]
    """What of the case it is about: an id, or an incident's id and the name of its clock."""
    code: Code
    rung: Annotated[int, Field(ge=0)]
    """How far up it has been told already."""
    audience: Audience
    staff: str | None
    centre: str | None
    county: str | None
    priority: Priority | None
    due_at: Instant | None
    made_at: Instant
    needs_ack: bool
    """Whether the next rung is told unless somebody who has signed in acknowledges it."""
    link: str | None
    """Where the desk shows the case."""


class Notification(_Frozen):
    """The body of a webhook, in the form that Standard Webhooks advises."""

    type: Literal["case.notification.v1"] = "case.notification.v1"
    timestamp: Instant
    data: Told


class Target(_Frozen):
    """Whom a notification reaches. Exactly one of `webhook` and `email` is set."""

    name: TargetName
    """How it is called in logs and alarms, and where it is noted who was told: an address is never written there."""
    audience: Audience
    where: Where
    """The code of a centre, the name of a county, or `*`. Of several, those that fit most closely are told."""
    webhook: str | None = None
    secret_file: Filled | None = None
    """A secret a line, `whsec_…`, the newest first: each signs, so that a receiver can change over. Mode 0600."""
    email: Mailbox | None = None

    @property
    def channel(self) -> Channel:
        return Channel.WEBHOOK if self.webhook else Channel.EMAIL

    @model_validator(mode="after")
    def _one_way(self) -> "Target":
        if (self.webhook is None) == (self.email is None):
            raise ValueError("a target has a webhook or an email")
        if (self.webhook is None) != (self.secret_file is None):
            raise ValueError("a webhook, and nothing else, has a secret_file")
        return self

    @field_validator("webhook")
    @classmethod
    def _is_guarded(cls, url: str | None) -> str | None:
        if url is not None and not _WEBHOOK.fullmatch(url):
            raise ValueError("a webhook begins with https:// (on this machine http:// will do) and names no user")
        return url


class Tls(StrEnum):
    """How the mail server is spoken to: encrypted from the first byte, or after STARTTLS; `none` on this machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Smtp(_Frozen):
    """The mail server. With `sign_cert_file` and `sign_key_file` (PEM) each message is signed by S/MIME."""

    host: Filled
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: Tls = Tls.STARTTLS
    ca_file: Filled | None = None
    """Who vouches for the server (PEM); the machine's own authorities if not set."""
    sender: Mailbox
    user: Filled | None = None
    password_file: Filled | None = None
    sign_cert_file: Filled | None = None
    sign_key_file: Filled | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> "Smtp":
        if self.tls is Tls.NONE and self.host not in LOOPBACK:
            raise ValueError("without TLS a mail server is spoken to on this machine alone")
        for names in (("user", "password_file"), ("sign_cert_file", "sign_key_file")):
            if len({getattr(self, name) is None for name in names}) > 1:
                raise ValueError(" and ".join(names) + " go together")
        return self


class NotifyFile(_Frozen):
    """Everything that a bureau says of telling people."""

    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    """Where the desk shows a case; `{case_id}` stands for its id."""
    smtp: Smtp | None = None
    target: tuple[Target, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "NotifyFile":
        names = [target.name for target in self.target]
        if len(set(names)) != len(names):
            raise ValueError("two targets have one name")
        if self.smtp is None and any(target.email for target in self.target):
            raise ValueError("a target has an email, and there is no [smtp]")
        return self


def parse_notify(text: str) -> NotifyFile:
    """Raises ValueError, which says by its key what will not do."""
    try:
        return NotifyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"this is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError("; ".join(complaints_of(error))) from None
