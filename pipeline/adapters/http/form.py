"""A site's form: a page without scripts that prefills itself, takes a report and shows its receipt."""

import secrets
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.adapters.http.problem import ProblemError
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.jsontext import Json
from pipeline.domain.directory import Source
from pipeline.domain.form import LENGTHS, SIGNS, Answers, Complaint, Field, Sight, complaints, event_of
from pipeline.domain.intake import ProblemCode, Refusal
from pipeline.domain.kinds import kinds

FindByKey = Callable[[str], Awaitable[Source | None]]
Submit = Callable[[Source, Mapping[str, Json]], Awaitable[str]]
"""Takes in the event of a source; its receipt id. Raises ProblemError when it is not taken."""

FORM_BYTES_MAX: Final = 512 * 1024
FIELDS_MAX: Final = 200
STYLE_PATH: Final = "/form-style.css"
STYLE_FOR_S: Final = 300
DEFAULT_LANG: Final = "zh-Hant-TW"
LANGS: Final = (DEFAULT_LANG, "en")

GUARDS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Vary": "Accept-Language",
    }
)

_WORDS_OF_REFUSAL: Mapping[ProblemCode, str] = MappingProxyType(
    {
        Refusal.BROKER_AWAY: "away",
        Refusal.DATABASE_AWAY: "away",
        Refusal.UNSURE: "unsure",
        Refusal.BUSY: "busy",
        Refusal.TOO_MANY_REQUESTS: "busy",
    }
)
_STATUS: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        "away": HTTPStatus.SERVICE_UNAVAILABLE,
        "unsure": HTTPStatus.SERVICE_UNAVAILABLE,
        "busy": HTTPStatus.SERVICE_UNAVAILABLE,
        "refused": HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A form as it is shown: what stands in it, what has to be mended, or why it was not taken."""

    source: Source
    answers: Answers
    mend: Mapping[Field, Complaint] = field(default_factory=dict)
    not_taken: str = ""


class _TooLargeError(Exception):
    """More was sent than any form holds."""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pipeline.adapters.http", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=len(LANGS))
def words(lang: str) -> Mapping[str, Any]:
    """What the pages say in one of `LANGS`."""
    text = files("pipeline.adapters.http").joinpath("templates", "words", f"{lang}.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def language(asked: str | None, accepted: str) -> str:
    """The one that is asked for, else the first that a browser accepts, else Chinese."""
    wishes = (asked or "", *(wish.partition(";")[0] for wish in accepted.split(",")))
    by_primary = {lang.partition("-")[0]: lang for lang in LANGS}
    known = (by_primary.get(wish.strip().lower().partition("-")[0]) for wish in wishes)
    return next((lang for lang in known if lang), DEFAULT_LANG)


def form_routes(find_by_key: FindByKey, submit: Submit, now: Callable[[], datetime]) -> APIRouter:
    """`GET` and `POST /form/{key}` and their style sheet. `now` carries an offset. No answer repeats the key."""
    router = APIRouter(include_in_schema=False)
    desk = _Desk(find_by_key, submit, now)
    router.add_api_route("/form/{key}", desk.show, methods=["GET"])
    router.add_api_route("/form/{key}", desk.take, methods=["POST"])
    router.add_api_route(STYLE_PATH, _style, methods=["GET"])
    return router


async def _style() -> Response:
    css = files("pipeline.adapters.http").joinpath("templates", "form.css").read_text("utf-8")
    headers = {**GUARDS, "Cache-Control": f"public, max-age={STYLE_FOR_S}"}
    return Response(css, headers=headers, media_type="text/css")


class _Desk:
    def __init__(self, find_by_key: FindByKey, submit: Submit, now: Callable[[], datetime]) -> None:
        self._find_by_key = find_by_key
        self._submit = submit
        self._now = now

    async def show(self, request: Request, key: str) -> Response:
        source = await self._find(key)
        if source is None:
            return _lost(request)
        return _form(request, _Sheet(source, Answers(self._new_page())), HTTPStatus.OK, self._today())

    async def take(self, request: Request, key: str) -> Response:
        source = await self._find(key)
        if source is None:
            return _lost(request)
        try:
            answers = Answers(await _written(request))
        except _TooLargeError:
            return _too_large(request)
        return await self._taken(request, source, answers)

    async def _taken(self, request: Request, source: Source, answers: Answers) -> Response:
        now, today = self._now(), self._today()
        found = complaints(answers, now)
        if found:
            return _form(request, _Sheet(source, answers, found), HTTPStatus.UNPROCESSABLE_ENTITY, today)
        try:
            receipt = await self._submit(source, event_of(answers, source, now))
        except ProblemError as error:
            why = _WORDS_OF_REFUSAL.get(error.problem.code, "refused")
            return _form(request, _Sheet(source, answers, not_taken=why), _STATUS[why], today, _retry_after(error))
        return _page(request, "taken.html", HTTPStatus.OK, receipt=receipt, at=now.astimezone(TAIPEI))

    async def _find(self, key: str) -> Source | None:
        source = await self._find_by_key(key)
        return source if source and not source.is_revoked(self._now()) else None

    def _new_page(self) -> Mapping[str, tuple[str]]:
        opened_at = self._now().astimezone(TAIPEI).isoformat(timespec="seconds")
        return {Field.SUBMISSION: (secrets.token_urlsafe(16),), Field.OPENED_AT: (opened_at,)}

    def _today(self) -> str:
        return self._now().astimezone(TAIPEI).date().isoformat()


def _retry_after(error: ProblemError) -> Mapping[str, str]:
    return {name: value for name, value in error.headers.items() if name == "Retry-After"}


async def _written(request: Request) -> Mapping[str, tuple[str, ...]]:
    """The fields of the body. What is no UTF-8 becomes U+FFFD."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise _TooLargeError
    try:
        text = body.decode("ascii", "replace")
        fields = parse_qs(text, keep_blank_values=True, errors="replace", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise _TooLargeError from None
    return {name: tuple(values) for name, values in fields.items()}


def _form(
    request: Request,
    sheet: _Sheet,
    status: HTTPStatus,
    today: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    source, answers, lang = sheet.source, sheet.answers, _lang(request)
    kind = kinds().get(source.kind)
    kind_name = (kind.names.en if lang == "en" else kind.names.zh) if kind else ""
    return _page(
        request,
        "form.html",
        status,
        headers,
        answers=answers,
        mend=sheet.mend,
        complaints={name: sheet.mend.get(name) for name in Field},
        not_taken=sheet.not_taken,
        site=source.name or source.code,
        details=" · ".join(part for part in (source.county, kind_name) if part),
        submission=answers.text(Field.SUBMISSION),
        opened_at=answers.text(Field.OPENED_AT),
        today=today,
        sights=tuple(Sight),
        signs=SIGNS,
        lengths=LENGTHS,
        other_lang=next(other for other in LANGS if other != lang),
    )


def _lost(request: Request) -> Response:
    told = words(_lang(request))["lost"]
    return _page(request, "notice.html", HTTPStatus.NOT_FOUND, title=told["title"], text=told["text"])


def _too_large(request: Request) -> Response:
    told = words(_lang(request))["not_taken"]
    status, headers = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Connection": "close"}
    return _page(request, "notice.html", status, headers, title=told["title"], text=told["large"])


def _lang(request: Request) -> str:
    return language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def _page(
    request: Request,
    template: str,
    status: HTTPStatus,
    headers: Mapping[str, str] = MappingProxyType({}),
    **told: object,
) -> Response:
    html = _environment().get_template(template).render(t=words(_lang(request)), style=f"..{STYLE_PATH}", **told)
    return Response(html, status, {**GUARDS, **headers}, media_type="text/html")
