"""Problem answers of RFC 9457: what to mend, and nothing of what was sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from pipeline.contracts.envelope import UnreadableCode
from pipeline.domain.intake import BATCH_MAX, DeskRefusal, Problem, ProblemCode, Refusal
from pipeline.domain.signed import SignatureFault

MEDIA_TYPE: Final = "application/problem+json"
HOME: Final = "https://anwang.example/problems/"
"""A name, not a place; the host is one that is kept for examples. docs/integrators.md lists them all."""


class Meaning(NamedTuple):
    """`zh` says the same to people in Chinese."""

    status: HTTPStatus
    mend: str
    zh: str | None = None


MEANINGS: Mapping[ProblemCode, Meaning] = {
    Refusal.TOKEN_MISSING: Meaning(HTTPStatus.UNAUTHORIZED, "Send the header Authorization: Bearer <your token>."),
    Refusal.TOKEN_UNKNOWN: Meaning(
        HTTPStatus.UNAUTHORIZED, "This token opens nothing (any more). Ask who runs this service for another."
    ),
    Refusal.CODE_UNKNOWN: Meaning(
        HTTPStatus.FORBIDDEN, "This one-time code is wrong, too old or was used. Ask who gave it to you for another."
    ),
    Refusal.SOURCE_NOT_YOURS: Meaning(
        HTTPStatus.FORBIDDEN, "Leave `source` out, or send /sources/ and the code that your token belongs to."
    ),
    Refusal.CERTIFICATE_MISSING: Meaning(
        HTTPStatus.FORBIDDEN, "Connect by TLS with the client certificate that is registered for you."
    ),
    Refusal.CERTIFICATE_NOT_YOURS: Meaning(
        HTTPStatus.FORBIDDEN, "Your client certificate is not one of this token's source, or was revoked."
    ),
    Refusal.SIGNED_INCOMPLETE: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A signed event has `id` and `source` of its own: the gateway may not write into it; `path` names what lacks.",
    ),
    SignatureFault.MISSING: Meaning(
        HTTPStatus.FORBIDDEN, "Your events must be signed; send a detached JWS in the header JWS-Signature."
    ),
    SignatureFault.UNREADABLE: Meaning(
        HTTPStatus.FORBIDDEN,
        "JWS-Signature is a detached JWS whose header has alg, kid, b64 false and crit [b64]; of a batch, one for each "
        "event, with commas between.",
    ),
    SignatureFault.ALGORITHM: Meaning(HTTPStatus.FORBIDDEN, "Sign by EdDSA (Ed25519) or ES256."),
    SignatureFault.IN_BINARY_MODE: Meaning(
        HTTPStatus.FORBIDDEN, "A signed event is sent in structured mode, so that all of it is signed."
    ),
    SignatureFault.KEY_UNKNOWN: Meaning(
        HTTPStatus.FORBIDDEN, "The kid names no key of yours. Have your public key registered first."
    ),
    SignatureFault.KEY_OF_ANOTHER_SOURCE: Meaning(
        HTTPStatus.FORBIDDEN, "The kid names a key of another source. Sign with your own."
    ),
    SignatureFault.KEY_REVOKED: Meaning(HTTPStatus.FORBIDDEN, "This key was revoked. Sign with another one."),
    SignatureFault.WRONG: Meaning(
        HTTPStatus.FORBIDDEN, "The signature is not of these bytes. Sign the very bytes that you send."
    ),
    Refusal.ID_MISSING: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Give the event an `id`, or send the header Idempotency-Key; the same one for the same event.",
    ),
    Refusal.CONTENT_TYPE_UNKNOWN: Meaning(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Send application/cloudevents+json, application/cloudevents-batch+json, or application/json.",
    ),
    Refusal.TOO_LARGE: Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Send fewer events in one request, or less text."),
    Refusal.TOO_MANY_EVENTS: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, f"Send at most {BATCH_MAX} events in one batch."),
    Refusal.NO_EVENTS: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "A batch is a JSON array of at least one event."),
    Refusal.TOO_MANY_REQUESTS: Meaning(HTTPStatus.TOO_MANY_REQUESTS, "Wait as long as Retry-After says."),
    Refusal.BROKER_AWAY: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE, "Nothing was taken. Send it again, after what Retry-After says."
    ),
    Refusal.UNSURE: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "It is not certain that this was taken. Send it again with the same id: it will not count twice.",
    ),
    Refusal.BUSY: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "Nothing was taken: too many wait. Send it again."),
    Refusal.TOO_SLOW: Meaning(HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time. Send it again."),
    Refusal.INTERNAL: Meaning(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "This is our fault, and it is not certain that the report was taken. Send it again with the same id.",
    ),
    Refusal.DATABASE_AWAY: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be answered just now. Ask again."),
    Refusal.RECEIPT_UNKNOWN: Meaning(HTTPStatus.NOT_FOUND, "This is no receipt of yours."),
    Refusal.NOT_FOUND: Meaning(HTTPStatus.NOT_FOUND, "There is nothing here; see the OpenAPI document."),
    Refusal.METHOD_NOT_ALLOWED: Meaning(HTTPStatus.METHOD_NOT_ALLOWED, "See the OpenAPI document for the methods."),
    Refusal.PARAMETER_WRONG: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "See the OpenAPI document for what is wanted."),
    UnreadableCode.NO_VALUE: Meaning(HTTPStatus.BAD_REQUEST, "The body is empty."),
    UnreadableCode.NOT_UTF8: Meaning(HTTPStatus.BAD_REQUEST, "Send UTF-8."),
    UnreadableCode.NOT_JSON: Meaning(HTTPStatus.BAD_REQUEST, "The body is not JSON."),
    UnreadableCode.TOO_DEEP: Meaning(HTTPStatus.BAD_REQUEST, "The JSON nests too deep."),
    UnreadableCode.NOT_AN_OBJECT: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "An event is a JSON object."),
    UnreadableCode.NOT_A_CLOUDEVENT: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        'A CloudEvent needs `specversion` "1.0", `id` and `type`; in binary mode they stand in `ce-` headers.',
    ),
    UnreadableCode.OTHER_TYPE: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "The `type` is report.submitted.v1."),
    UnreadableCode.DATA_MISSING: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "The event has no `data`."),
    UnreadableCode.DATA_NOT_AN_OBJECT: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "`data` is a JSON object."),
    UnreadableCode.FIELD_MISSING: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "A required field of `data` is missing; `path` names it."
    ),
    UnreadableCode.NO_PERSON: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "`persons` holds nobody with a `role`."),
}

"""What the HTTP intake answers."""

_OR_BY_TWO = "Against the rules: a `reason`, and a supervisor's Second-Authorization."

DESK_MEANINGS: Mapping[ProblemCode, Meaning] = {
    DeskRefusal.SIGN_IN_REFUSED: Meaning(
        HTTPStatus.FORBIDDEN, "Nobody is signed in by this: look at code and password.", "代號或密碼不符，請再確認。"
    ),
    DeskRefusal.SIGN_IN_LOCKED: Meaning(
        HTTPStatus.FORBIDDEN,
        "Too many attempts failed: wait a quarter of an hour, or ask who runs this service.",
        "登入失敗次數過多，請等十五分鐘，或洽系統管理者。",
    ),
    DeskRefusal.NO_POST: Meaning(
        HTTPStatus.FORBIDDEN, "You have no such post. Ask who gives them.", "您沒有這個職務，請洽授權人員。"
    ),
    DeskRefusal.POST_AMBIGUOUS: Meaning(
        HTTPStatus.CONFLICT, "You have several posts: say `role` and `scope`.", "您有多個職務，請指明角色與範圍。"
    ),
    DeskRefusal.NO_SUCH_SIGN_IN: Meaning(
        HTTPStatus.NOT_FOUND, "People do not sign in here in this way.", "這裡不使用這種登入方式。"
    ),
    DeskRefusal.CROSS_SITE: Meaning(
        HTTPStatus.FORBIDDEN,
        "This was sent from another site. Send the token as Bearer.",
        "這個請求來自其他網站，請以 Bearer 傳送權杖。",
    ),
    DeskRefusal.NOT_YOUR_WORK: Meaning(
        HTTPStatus.FORBIDDEN, "Your post does not do this.", "您的職務不能執行這個動作。"
    ),
    DeskRefusal.CASE_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND, "There is no such case for you.", "查無此案，或不在您的職務範圍。"
    ),
    DeskRefusal.HELD_BY_ANOTHER: Meaning(
        HTTPStatus.CONFLICT, "Somebody else holds this case.", "此案目前由其他同仁承辦。"
    ),
    DeskRefusal.SECOND_MISSING: Meaning(
        HTTPStatus.CONFLICT,
        "A supervisor of this case must agree: send Second-Authorization.",
        "須由本案督導同意，請附上 Second-Authorization。",
    ),
    DeskRefusal.SECOND_REFUSED: Meaning(
        HTTPStatus.CONFLICT,
        "The second is somebody else, a supervisor of this case.",
        "同意的人須是本案督導，且不是您本人。",
    ),
    DeskRefusal.NOT_HELD: Meaning(
        HTTPStatus.CONFLICT, "You do not hold this case: claim or accept it first.", "您未承辦此案，請先認領或受案。"
    ),
    DeskRefusal.NOT_IN_THIS_STAGE: Meaning(
        HTTPStatus.CONFLICT,
        "This cannot be done in the stage in which the case is now. Read the case anew.",
        "案件目前的階段不能執行這個動作，請重新讀取案件。",
    ),
    DeskRefusal.FENCE_STALE: Meaning(
        HTTPStatus.CONFLICT,
        "The case has changed hands since you read it. Read it anew and send its `fence`.",
        "案件在您讀取之後已經轉手，請重新讀取並帶上新的 fence。",
    ),
    DeskRefusal.LEASE_OVER: Meaning(
        HTTPStatus.CONFLICT, "Your claim has run out. Claim the case again.", "您的認領已逾時，請重新認領。"
    ),
    DeskRefusal.VERSION_STALE: Meaning(
        HTTPStatus.PRECONDITION_FAILED,
        "Something happened to this case since the version in If-Match. Read it anew.",
        "案件在您讀取之後已有變動，請重新讀取再送出。",
    ),
    DeskRefusal.SECOND_IS_FIRST: Meaning(
        HTTPStatus.CONFLICT,
        "Whoever proposed this does not decide it. Another supervisor does.",
        "提出的人不能自行決定，請由另一位督導處理。",
    ),
    DeskRefusal.REASON_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Send one of the coded reasons of this act.", "請填這個動作的原因代碼。"
    ),
    DeskRefusal.RESULT_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Send `established` or `not_established`.", "請填成案或不成案。"
    ),
    DeskRefusal.STEP_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A step is told by its code: small letters, digits and `_`.",
        "請填處理步驟的代碼。",
    ),
    DeskRefusal.CAPACITY_REACHED: Meaning(
        HTTPStatus.CONFLICT,
        "You hold as many cases as your post may. Finish or give one back first.",
        "您手上的案件已達上限，請先完成或退還一案。",
    ),
    DeskRefusal.NOBODY_THERE: Meaning(
        HTTPStatus.CONFLICT,
        "This case cannot be given to that person. Choose somebody whose post covers it.",
        "此案不能指派給這位同仁，請改派職務涵蓋本案的人。",
    ),
    DeskRefusal.NEEDS_A_STEP: Meaning(
        HTTPStatus.CONFLICT,
        "This is done by its step, or its answer, not by an acknowledgement. A supervisor can put a step aside.",
        "此事項須以辦理步驟或答覆完成，不能僅按確認；督導可免除步驟。",
    ),
    DeskRefusal.NOTHING_WAITS: Meaning(
        HTTPStatus.NOT_FOUND, "No case waits there for you. Ask again later.", "目前沒有等候您處理的案件，請稍後再試。"
    ),
    DeskRefusal.KEY_REUSED: Meaning(
        HTTPStatus.CONFLICT,
        "You have sent something else under this Idempotency-Key. Send this under a new one.",
        "這個 Idempotency-Key 已用於其他請求，請換一個新的。",
    ),
    DeskRefusal.TASK_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND, "There is no such task for you.", "查無此待辦事項，或不在您的職務範圍。"
    ),
    DeskRefusal.METHOD_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A visit or a contact tells how: `method`, one letter.",
        "訪視或聯絡須填方式代碼。",
    ),
    DeskRefusal.OUTCOME_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A visit or a contact tells whether somebody was reached: `outcome`.",
        "訪視或聯絡須填是否見到或聯絡上。",
    ),
    DeskRefusal.WHY_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Tell `why`: nobody was reached, or not face to face.",
        "未能面訪或聯絡不上，須填原因代碼。",
    ),
    DeskRefusal.CAME_UNKNOWN: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Tell who came along: `came`.",
        "須填共同到場的單位。",
    ),
    DeskRefusal.TOLD_ONCE_MISSING: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Tell whether the interview was held and kept: `told_once`.",
        "須填是否已完成一次性詢問並留存紀錄。",
    ),
    DeskRefusal.INCIDENT_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND,
        "This case has no such incident.",
        "此案沒有這個事件。",
    ),
    DeskRefusal.CO_WORK_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND,
        "There is no such request to work along for you.",
        "查無此協力請求，或不在您的職務範圍。",
    ),
    DeskRefusal.ASKED_BEFORE: Meaning(
        HTTPStatus.CONFLICT,
        "This centre is asked for this service already.",
        "已向該中心提出同一協力請求。",
    ),
    DeskRefusal.ANSWERED_BEFORE: Meaning(
        HTTPStatus.CONFLICT,
        "It was answered otherwise before.",
        "此協力請求已有其他回覆。",
    ),
    DeskRefusal.TOO_MANY_STREAMS: Meaning(
        HTTPStatus.TOO_MANY_REQUESTS,
        "You have as many streams open as one person may. Close one first.",
        "您開啟的即時通知已達上限，請先關閉一個。",
    ),
    DeskRefusal.NOTIFICATION_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND, "There is no such notification for you.", "查無此通知，或不在您的職務範圍。"
    ),
    DeskRefusal.NOT_OPENED: Meaning(
        HTTPStatus.CONFLICT, "Open the case by your claim first: POST …/reveal.", "請先以您的認領開啟案件資料。"
    ),
    DeskRefusal.CONTACT_UNKNOWN: Meaning(
        HTTPStatus.NOT_FOUND,
        "That side's card has no such person or contact.",
        "該方的資料卡上沒有這個人或這個聯絡方式。",
    ),
    DeskRefusal.ID_TAKEN: Meaning(
        HTTPStatus.CONFLICT,
        "This id stands for something else: give another one.",
        "這個代碼已用於其他事項，請換一個。",
    ),
    DeskRefusal.CONTACT_WITHHELD: Meaning(
        HTTPStatus.CONFLICT,
        "The other side can be reached by it, too, or it is not for your post. Use another contact.",
        "他方也可能經由這個聯絡方式得知，或不在您的職務範圍，請改用其他方式。",
    ),
    DeskRefusal.CONTACT_ASK_A_PERSON: Meaning(
        HTTPStatus.CONFLICT,
        f"The rules of safe contact are not understood: read them on the card. {_OR_BY_TWO}",
        "安全聯絡的約定無法判讀，請先看資料卡；如仍須聯絡，請附原因並由督導同意。",
    ),
    DeskRefusal.CONTACT_THROUGH_ANOTHER: Meaning(
        HTTPStatus.CONFLICT,
        f"This person is reached through somebody else, named on the card. {_OR_BY_TWO}",
        "須經由資料卡上的指定聯絡人聯絡；如仍須聯絡，請附原因並由督導同意。",
    ),
    DeskRefusal.CONTACT_NOT_THIS_WAY: Meaning(
        HTTPStatus.CONFLICT,
        f"This person is not reached in this way. {_OR_BY_TWO}",
        "不可用這種方式聯絡；如仍須聯絡，請附原因並由督導同意。",
    ),
    DeskRefusal.CONTACT_NOT_NOW: Meaning(
        HTTPStatus.CONFLICT,
        f"Not at this time. {_OR_BY_TWO}",
        "現在不是可聯絡的時間；如仍須聯絡，請附原因並由督導同意。",
    ),
    DeskRefusal.NO_DESK_SOURCE: Meaning(
        HTTPStatus.CONFLICT,
        "Your post enters no reports for this centre: name a `centre` of yours, whose desk is enrolled as a source.",
        "您的職務不能為這個中心登錄通報，請指明您所屬且已登記為通報來源的中心。",
    ),
}
"""What the desk answers beside those."""


class ProblemError(Exception):
    """Ends a request with this problem."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.headers = dict(headers or {})


def meaning_of(code: ProblemCode) -> Meaning:
    return MEANINGS.get(code) or DESK_MEANINGS[code]


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    meaning = meaning_of(problem.code)
    told: dict[str, Any] = {
        "type": f"{HOME}{problem.code}",
        "title": meaning.status.phrase,
        "status": meaning.status.value,
        "detail": meaning.mend,
        "code": problem.code,
    }
    where = {"path": problem.path, "event": problem.event, "zh": meaning.zh}
    told |= {name: value for name, value in where.items() if value is not None}
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(told), meaning.status, headers, MEDIA_TYPE)


_OF_STATUS: Mapping[int, ProblemCode] = {
    HTTPStatus.BAD_REQUEST: UnreadableCode.NOT_JSON,
    HTTPStatus.METHOD_NOT_ALLOWED: Refusal.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT: Refusal.TOO_SLOW,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Refusal.TOO_LARGE,
}


async def http_error(_request: Request, error: Exception) -> Response:
    """What the framework itself refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    return answer(Problem(_OF_STATUS.get(error.status_code, Refusal.NOT_FOUND)), error.headers)
