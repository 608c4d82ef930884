"""What a person reads when they are told of a case by e-mail: ids, codes and times in Chinese and English, nobody's
name.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.notify import Audience, Told
from pipeline.contracts.vocabulary import Priority

Labels = Callable[[str], tuple[str, str]]
"""What a code says, in Chinese and English; the code itself where nobody knows it."""


class Words(NamedTuple):
    zh: str
    en: str


CODES: Final[Mapping[str, Words]] = {
    "unclaimed": Words("案件無人接案", "Nobody has claimed this case"),
    "stage_overdue": Words("案件停留過久", "Nobody has gone on with this case"),
    "clock_warning": Words("法定時限將至", "A legal deadline comes near"),
    "clock_breached": Words("已逾法定時限", "A legal deadline was missed"),
    "task_due": Words("有待辦事項", "Something must be done"),
    "task_overdue": Words("待辦事項逾期", "Something to be done is overdue"),
    "trial": Words("測試通知，請勿處理", "A trial: nothing need be done"),
}
AUDIENCES: Final[Mapping[Audience, Words]] = {
    Audience.HOLDER: Words("主責社工", "worker"),
    Audience.SUPERVISOR: Words("督導", "supervisor"),
    Audience.CENTRE_HEAD: Words("中心主任", "head of centre"),
    Audience.BUREAU: Words("社會局", "bureau"),
}
PRIORITIES: Final[Mapping[Priority, Words]] = {
    Priority.IMMEDIATE: Words("立即", "immediate"),
    Priority.URGENT: Words("緊急", "urgent"),
    Priority.STANDARD: Words("一般", "standard"),
    Priority.ROUTINE: Words("例行", "routine"),
}
_ACKNOWLEDGE: Final = Words(
    "請登入案件系統確認收到；無人確認時將通知上一層。",
    "Please sign in at the desk and acknowledge this; where nobody does, the next rung is told.",
)


def subject_of(told: Told) -> str:
    words, priority = _of_code(told.code), told.priority and PRIORITIES[told.priority]
    about = f"（{priority.zh}／{priority.en}）" if priority else ""
    return f"[安網 Anwang] {words.zh}／{words.en}{about}"


def text_of(told: Told, labels: Labels) -> str:
    """Lines of `中文／English: value`, then what to do."""
    rows: list[tuple[Words, str | None]] = [
        (Words("案件編號", "Case"), str(told.case_id) if told.case_id else None),
        (Words("事由", "What"), _both(labels, told)),
        (Words("應完成時間", "Due"), _instant(told.due_at) if told.due_at else None),
        (Words("優先等級", "Priority"), told.priority and _joined(PRIORITIES[told.priority])),
        (Words("中心", "Centre"), told.centre),
        (Words("縣市", "County"), told.county),
        (Words("通知對象", "Told"), _joined(AUDIENCES[told.audience])),
        (Words("承辦人代碼", "Staff code"), told.staff),
        (Words("案件系統", "Desk"), told.link),
        (Words("通知編號", "Notification"), str(told.notification_id)),
    ]
    lines = [_joined(_of_code(told.code)), ""]
    lines += [f"{words.zh}／{words.en}: {value}" for words, value in rows if value]
    if told.needs_ack:
        lines += ["", _ACKNOWLEDGE.zh, _ACKNOWLEDGE.en]
    return "\n".join(lines) + "\n"


def _of_code(code: str) -> Words:
    return CODES.get(code, Words(code, code))


def _both(labels: Labels, told: Told) -> str | None:
    """The clock or step that it is about, in the policy's words."""
    name = told.subject.rpartition("/")[2] if "/" in told.subject else None
    return _joined(Words(*labels(name))) if name else None


def _joined(words: Words) -> str:
    return words.zh if words.zh == words.en else f"{words.zh}／{words.en}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(TAIPEI):%Y-%m-%d %H:%M} (Asia/Taipei)"
