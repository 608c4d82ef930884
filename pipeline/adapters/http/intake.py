"""The HTTP intake: reports in, receipts out. FastAPI carries it; what is taken is decided by the gate behind it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import unquote_to_bytes
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

import pipeline
from pipeline.adapters.credentials import Purpose, typed
from pipeline.adapters.http import openapi
from pipeline.adapters.http.form import form_routes
from pipeline.adapters.http.problem import ProblemError, answer, http_error
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.http.server import Bounded, peer_of
from pipeline.adapters.vault import GateKeys
from pipeline.contracts.envelope import UnreadableCode
from pipeline.contracts.jsontext import Json
from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import (
    Admitted,
    MonthCount,
    Problem,
    ReceiptState,
    Refusal,
    Sees,
    SourceSight,
    Told,
    batch_of,
    certificate_fault,
)
from pipeline.domain.signed import SignatureFault
from pipeline.errors import NotTakenError, UnavailableError

RETRY_AFTER_S = 5
BODY_WITHIN_S = 30.0
STRUCTURED, BATCH, PLAIN = "application/cloudevents+json", "application/cloudevents-batch+json", "application/json"
KEY_CHARACTERS_MAX = 200
UNSIGNED = "-"


class Gate(Protocol):
    @property
    def is_full(self) -> bool: ...

    async def take(
        self, told: list[Told], source: Source, arrived_at: datetime, directory: Directory
    ) -> list[Admitted] | Problem: ...


class Keeper(Protocol):
    """Who shows what. `receipt`, `own_counts` and `redeem` raise UnavailableError while the database is away."""

    @property
    def sources(self) -> Directory: ...
    def find(self, secret: str, purpose: Purpose, at: datetime) -> Source | None: ...
    async def look_again(self) -> None: ...
    async def redeem(self, code: str) -> tuple[str, str] | None: ...
    async def receipt(self, event_key: UUID, sees: Sees) -> ReceiptState: ...
    async def own_counts(self, code: str) -> list[MonthCount]: ...


@dataclass(frozen=True, slots=True)
class House:
    """All that the door stands on. `body_bytes_max` bounds one request; `refused` is told the code of every refusal."""

    gate: Gate
    keeper: Keeper
    keys: GateKeys
    rates: Rates
    now: Callable[[], datetime]
    body_bytes_max: int
    refused: Callable[[str], None] = lambda _code: None
    sight: SourceSight = field(default_factory=SourceSight)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Receipt(_Answer):
    """What a source is told of one report of its own, and all that it is ever told."""

    receipt_id: str
    """Stands for this event; the same event gets the same one again."""
    state: ReceiptState
    """received: the broker has it; settled: a case has it; taken_over: a centre has it in hand; closed: that came to
    its end; with_a_person: somebody must read it first. The third is told a day after the report came at the earliest,
    the fourth a month after, and each only to whom the service lets see so far.
    """


class TakenReceipt(Receipt):
    """The receipt of a report that was just taken."""

    faults: tuple[str, ...] = ()
    """What was odd, as `code:path`. It cost nothing; mend it for the next report."""


class TakenReceipts(_Answer):
    """The receipts of a batch, in its order."""

    receipts: tuple[TakenReceipt, ...]


class OneTimeCode(BaseModel):
    """A code that stands for a token once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(min_length=1, max_length=100, examples=["ABCDE-FGHIJ-KLMNO-PQRST-UVWXY"])]


class NewToken(_Answer):
    """A token, shown this once."""

    source: str
    token: str


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def _authenticated(request: Request, bearer: Bearer, house: Annotated[House, Depends(_house)]) -> Source:
    """The source whose token or client certificate this is, within its rate. Where both are shown, both are its own."""
    shown = peer_of(request.scope)
    if bearer is None:
        source = house.keeper.sources.bearer_of(shown, house.now()) if shown else None
        if source is None:
            raise ProblemError(Problem(Refusal.TOKEN_MISSING), {"WWW-Authenticate": "Bearer"})
    else:
        source = await _opened(house, bearer.credentials, Purpose.TOKEN)
        if source is None:
            raise ProblemError(Problem(Refusal.TOKEN_UNKNOWN), {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if fault := certificate_fault(shown, source, house.keeper.sources, house.now()):
            raise ProblemError(Problem(fault))
    require_rate(house, source.code)
    return source


async def _opened(house: House, secret: str, purpose: Purpose) -> Source | None:
    """Whom this secret stands for; one that was drawn just now, too."""
    source = house.keeper.find(secret, purpose, house.now())
    if source is None:
        await house.keeper.look_again()
        source = house.keeper.find(secret, purpose, house.now())
    return source


def require_rate(house: House, who: str) -> None:
    wait_s = house.rates.wait_s(who)
    if wait_s is not None:
        raise ProblemError(Problem(Refusal.TOO_MANY_REQUESTS), {"Retry-After": str(wait_s)})


Sender = Annotated[Source, Depends(_authenticated)]
At = Annotated[House, Depends(_house)]
api = APIRouter(prefix="/v1", responses=openapi.COMMON)


@api.post("/reports", status_code=202, responses=openapi.TAKEN, openapi_extra=openapi.REPORTS, name="report")
async def post_reports(
    request: Request,
    source: Sender,
    house: At,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=KEY_CHARACTERS_MAX, description="Stands for the `id` of an event without one."),
    ] = None,
    jws_signature: Annotated[
        str | None,
        Header(
            description="A detached JWS (RFC 7515 appendix F, RFC 7797) over the very bytes of the event; of a batch "
            "one for each event, with commas between, `-` for one that is not signed."
        ),
    ] = None,
) -> Response:
    """Takes one report, or a batch of them: all or none. Answers once the broker has it in all its replicas."""
    told = _signed(await _told(request, idempotency_key), jws_signature)
    receipts = [
        TakenReceipt(
            receipt_id=house.keys.receipt(source.code, one.event_key), state=ReceiptState.RECEIVED, faults=one.faults
        )
        for one in await taken(house, told, source)
    ]
    if _media_type(request) == BATCH:
        return _json(TakenReceipts(receipts=tuple(receipts)), 202)
    return _json(receipts[0], 202, {"Location": f"/v1/receipts/{receipts[0].receipt_id}"})


async def taken(house: House, told: list[Told], source: Source) -> list[Admitted]:
    """These events, safely kept; raises ProblemError."""
    if house.gate.is_full:
        raise ProblemError(Problem(Refusal.BUSY), {"Retry-After": str(RETRY_AFTER_S)})
    try:
        admitted = await house.gate.take(told, source, house.now(), house.keeper.sources)
    except NotTakenError as error:
        if error.is_too_large:
            raise ProblemError(Problem(Refusal.TOO_LARGE)) from error
        code = Refusal.UNSURE if error.is_unsure else Refusal.BROKER_AWAY
        raise ProblemError(Problem(code), {"Retry-After": str(RETRY_AFTER_S)}) from error
    if isinstance(admitted, Problem):
        raise ProblemError(admitted)
    return admitted


@api.get("/receipts/{receipt_id}", response_model=Receipt, responses=openapi.RECEIPT, name="receipt")
async def get_receipt(
    source: Sender, house: At, receipt_id: Annotated[str, Path(min_length=1, max_length=64)]
) -> Response:
    """The state of one of the source's own reports, and nothing else."""
    event_key = house.keys.event_key(source.code, receipt_id)
    if event_key is None:
        raise ProblemError(Problem(Refusal.RECEIPT_UNKNOWN))
    state = await _asked(house.keeper.receipt(event_key, house.sight.for_kind(source.kind)))
    return _json(Receipt(receipt_id=receipt_id, state=state), 200)


class MonthOfReports(_Answer):
    """What one month's reports came to."""

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    accepted: int
    """Reports of yours that stand in a case."""
    taken_over: int | None
    """So many of them a centre has in hand, in steps of five; null for fewer, or where it is not told."""


class ReportCounts(_Answer):
    """The last twelve months that are over."""

    source: str
    months: tuple[MonthOfReports, ...]


@api.get("/reports/counts", response_model=ReportCounts, responses=openapi.COUNTS, name="counts")
async def get_counts(source: Sender, house: At) -> Response:
    """How many reports the source has handed in, month by month; its own and nobody else's."""
    found = await _asked(house.keeper.own_counts(source.code))
    may_know = house.sight.counts_taken_over(source.kind)
    months = [
        MonthOfReports(
            month=f"{one.month:%Y-%m}", accepted=one.accepted, taken_over=one.taken_over if may_know else None
        )
        for one in found
    ]
    return _json(ReportCounts(source=source.code, months=tuple(months)), 200)


@api.post("/credentials", status_code=201, response_model=NewToken, responses=openapi.CREDENTIALS, name="redeem_code")
async def post_credentials(code: OneTimeCode, house: At) -> Response:
    """A token for a one-time code, which is spent by it."""
    found = await _asked(house.keeper.redeem(typed(code.code)))
    if found is None:
        require_rate(house, "one-time codes")  # of wrong ones alone, so that nobody's guesses shut out the right ones
        raise ProblemError(Problem(Refusal.CODE_UNKNOWN))
    return _json(NewToken(source=found[0], token=found[1]), 201)


async def _asked(question: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever was asked for
    try:
        return await question
    except UnavailableError as error:
        raise ProblemError(Problem(Refusal.DATABASE_AWAY), {"Retry-After": str(RETRY_AFTER_S)}) from error


def _json(value: BaseModel, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        value.model_dump_json(), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _told(request: Request, key: str | None) -> list[Told]:
    """The events of a request. Raises ProblemError."""
    kind = _media_type(request)
    binary = bool(request.headers.get("ce-specversion"))
    if kind not in {STRUCTURED, BATCH, PLAIN} and not (binary and (kind.endswith("+json") or not kind)):
        raise ProblemError(Problem(Refusal.CONTENT_TYPE_UNKNOWN))
    body = await request.body()
    if not body:
        raise ProblemError(Problem(UnreadableCode.NO_VALUE))
    if kind == BATCH:
        events = batch_of(body)
        if isinstance(events, Problem):
            raise ProblemError(events)
        return events
    return [Told(body, _binary_headers(request) if binary and kind != STRUCTURED else (), key)]


def _signed(told: list[Told], signatures: str | None) -> list[Told]:
    """Each event with its signature. Raises ProblemError where there are not as many as events."""
    if signatures is None:
        return told
    each = [one.strip() for one in signatures.split(",")]
    if len(each) != len(told):
        raise ProblemError(Problem(SignatureFault.UNREADABLE))
    return [replace(t, signature=None if s == UNSIGNED else s) for t, s in zip(told, each, strict=True)]


def _binary_headers(request: Request) -> tuple[tuple[str, bytes | None], ...]:
    """The attributes as they are called on Kafka. HTTP carries other characters than ASCII percent-encoded."""
    found = [(n, v) for n, v in request.headers.items() if n.startswith("ce-")]
    return tuple((f"ce_{name.removeprefix('ce-')}", unquote_to_bytes(value)) for name, value in found)


def intake_app(house: House) -> FastAPI:
    """The whole door: the API and the forms of sites."""

    async def find_by_key(key: str) -> Source | None:
        """None of a source that has to show a certificate: a form cannot ask for one."""
        source = await _opened(house, key, Purpose.FORM)
        return None if source and source.certificate_due else source

    async def submit(source: Source, event: Mapping[str, Json]) -> str:
        require_rate(house, source.code)
        (one,) = await taken(house, [Told(orjson.dumps(event))], source)
        return house.keys.receipt(source.code, one.event_key)

    app = _bare()
    app.state.house = house
    app.add_middleware(Bounded, bytes_max=house.body_bytes_max, within_s=BODY_WITHIN_S)
    app.include_router(form_routes(find_by_key, submit, house.now))
    return app


def _bare() -> FastAPI:
    app = FastAPI(
        title="Anwang intake",
        version=pipeline.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy it would send reports on to http://, and a form's key with them
        openapi_url="/openapi.json",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.include_router(api)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _our_fault)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign] # FastAPI's own way to change it
    return app


def api_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the intake."""
    return openapi.document(_bare())


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it alone
    _house(request).refused(error.problem.code)
    return answer(error.problem, error.headers)


async def _our_fault(_request: Request, _error: Exception) -> Response:
    return answer(Problem(Refusal.INTERNAL))


async def _wrong_parameter(_request: Request, error: Exception) -> Response:
    """Names the parameter, never its value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return answer(Problem(UnreadableCode.NOT_JSON))
    names = [str(part) for part in first["loc"][1:2] if part in {"idempotency-key", "receipt_id", "code"}]
    return answer(Problem(Refusal.PARAMETER_WRONG, names[0] if names else None))
