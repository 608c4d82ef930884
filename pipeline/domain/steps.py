"""What is told of a step of the work, in codes: how and whether somebody was reached, who came, and what is planned.

`step_fault` of the database says the same of the same step: there each act is one statement.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Method(StrEnum):
    """How somebody was visited or reached, by the letters of the field's own form (訪視方式)."""

    TELEPHONE = "A"
    FACE_TO_FACE = "B"
    ACCOMPANIED = "C"
    NETWORK = "D"
    THEY_CALLED = "E"
    SCHOOL = "F"
    INTERVIEW = "G"
    E_MAIL = "H"
    LETTER = "I"
    RESOURCES = "J"
    INSTITUTION = "K"
    OTHER = "Z"


FACE_TO_FACE: Final = frozenset(
    {Method.FACE_TO_FACE, Method.ACCOMPANIED, Method.SCHOOL, Method.INTERVIEW, Method.INSTITUTION}
)


class Outcome(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"


class Why(StrEnum):
    """Why nobody was reached, or not face to face: the law wants it written."""

    NOBODY_HOME = "nobody_home"
    NO_ANSWER = "no_answer"
    MOVED_AWAY = "moved_away"
    ENTRY_REFUSED = "entry_refused"
    WRONG_CONTACT = "wrong_contact"
    MISSING = "missing"
    IN_HOSPITAL = "in_hospital"
    UNSAFE = "unsafe"
    PUT_OFF = "put_off"
    NOT_FACE_TO_FACE = "not_face_to_face"
    OTHER = "other"


NOBODY_WAS_REACHED: Final = frozenset(
    {Why.NOBODY_HOME, Why.NO_ANSWER, Why.MOVED_AWAY, Why.ENTRY_REFUSED, Why.WRONG_CONTACT, Why.MISSING}
)


class Came(StrEnum):
    """Who came along to a joint call-out, or sat in an integrated team."""

    PROSECUTOR = "prosecutor"
    POLICE = "police"
    HOSPITAL = "hospital"
    SOCIAL_WORKER = "social_worker"
    PSYCHOLOGIST = "psychologist"
    INTERPRETER = "interpreter"
    EDUCATION = "education"


JOINT_CALL_OUT: Final = "joint_call_out"
INTEGRATED_TEAM: Final = "integrated_team"
INTENSIVE_VISIT: Final = "intensive_visit"
IN_COMPANY: Final = frozenset({JOINT_CALL_OUT, INTEGRATED_TEAM})


class StepFault(StrEnum):
    """What is missing of a step that is told."""

    METHOD_UNKNOWN = "method_unknown"
    OUTCOME_UNKNOWN = "outcome_unknown"
    WHY_UNKNOWN = "why_unknown"
    CAME_UNKNOWN = "came_unknown"
    TOLD_ONCE_MISSING = "told_once_missing"


@dataclass(frozen=True, slots=True)
class StepTold:
    """`told_once`: an interview was held and kept, so that nobody need tell it twice."""

    step: str
    method: Method | None = None
    outcome: Outcome | None = None
    why: Why | None = None
    came: frozenset[Came] = frozenset()
    told_once: bool | None = None

    @property
    def is_visit(self) -> bool:
        return self.step.endswith("visit")

    @property
    def meets(self) -> bool:
        """Whether it is done by this: the clock of its name stops, the task of its name is done."""
        return self.outcome is not Outcome.NOT_REACHED


def fault_of(told: StepTold) -> StepFault | None:
    """A visit or contact tells how, and whether somebody was reached; one that reached nobody, and a visit that was
    not face to face, also why. Whoever was reached was not away.
    """
    reaches_out = told.is_visit or told.step.endswith("contact")
    if reaches_out and told.method is None:
        return StepFault.METHOD_UNKNOWN
    if reaches_out and told.outcome is None:
        return StepFault.OUTCOME_UNKNOWN
    if _is_why_wrong(told):
        return StepFault.WHY_UNKNOWN
    if told.step in IN_COMPANY and not told.came:
        return StepFault.CAME_UNKNOWN
    if told.step == INTEGRATED_TEAM and told.told_once is None:
        return StepFault.TOLD_ONCE_MISSING
    return None


def _is_why_wrong(told: StepTold) -> bool:
    if told.why is None:
        is_apart = told.is_visit and told.method not in FACE_TO_FACE
        return is_apart or told.outcome is Outcome.NOT_REACHED
    return told.outcome is Outcome.REACHED and told.why in NOBODY_WAS_REACHED


class Planned(StrEnum):
    """How a planned visit stands."""

    DONE = "done"
    DONE_LATE = "done_late"
    TO_DO = "to_do"
    MISSED = "missed"
    DROPPED = "dropped"


def planned(due_at: datetime | None, done_at: datetime | None, now: datetime, *, dropped: bool = False) -> Planned:
    """Without `due_at` the policy has not been asked yet. `dropped`: it ended without having been done."""
    if dropped:
        return Planned.DROPPED
    if done_at is not None:
        return Planned.DONE if due_at is None or done_at <= due_at else Planned.DONE_LATE
    return Planned.TO_DO if due_at is None or now <= due_at else Planned.MISSED
