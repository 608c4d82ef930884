"""The desk's state machine: what people may do with a case in which stage, who may, and for which coded reasons.

`desk_transition` of the database holds the same table, row for row: there each act is one statement.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

RETURNS_MAX = 3
"""The third return of a case goes to a supervisor."""


class Stage(StrEnum):
    """Where a case stands at the desk. The last three are no longer worked on."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    NOT_OPENING = "not_opening"
    SCREENED = "screened"
    ACCEPTED = "accepted"
    IN_SERVICE = "in_service"
    WITH_SUPERVISOR = "with_supervisor"
    DISPUTED = "disputed"
    CLOSED = "closed"
    MERGED = "merged"
    ERASED = "erased"


OPEN: Final = frozenset(Stage) - {Stage.CLOSED, Stage.MERGED, Stage.ERASED}
HELD: Final = frozenset({Stage.CLAIMED, Stage.NOT_OPENING, Stage.ACCEPTED, Stage.IN_SERVICE})
"""Stages in which somebody holds the case."""


class DeskAct(StrEnum):
    """What is done with a case. The last three are not done by people: a lease ran out, the case went to another queue
    or centre, its holder left or turned out to be a party to it.
    """

    CLAIM = "claim"
    GIVE_BACK = "give_back"
    SCREEN_OPEN = "screen_open"
    SCREEN_SHORT = "screen_short"
    PROPOSE_NOT_OPEN = "propose_not_open"
    SIGN_NOT_OPEN = "sign_not_open"
    REFUSE_NOT_OPEN = "refuse_not_open"
    ACCEPT = "accept"
    STEP = "step"
    RETURN = "return"
    ASSIGN = "assign"
    DISPUTE = "dispute"
    ESCALATE_DISPUTE = "escalate_dispute"
    SETTLE_DISPUTE = "settle_dispute"
    CLOSE = "close"
    REOPEN = "reopen"
    LAPSE = "lapse"
    MOVE = "move"
    HOLDER_GONE = "holder_gone"


class By(StrEnum):
    """Who may: `hands` are all roles that work on cases themselves, `platform` a supervisor for a whole county or for
    all, so that none of the centres in dispute settles it.
    """

    HANDS = "hands"
    WORKER = "worker"
    HOLDER = "holder"
    HOLDER_OR_SUPERVISOR = "holder_or_supervisor"
    SUPERVISOR = "supervisor"
    OTHER_SUPERVISOR = "other_supervisor"
    PLATFORM = "platform"
    SYSTEM = "system"


class Holder(StrEnum):
    """Who holds the case afterwards."""

    ACTOR = "actor"
    NAMED = "named"
    NOBODY = "nobody"
    AS_BEFORE = "as_before"


class Transition(NamedTuple):
    """`reasons` are the codes of which one must be told; none: no reason is asked."""

    act: DeskAct
    stage: Stage
    next_stage: Stage
    allowed: By
    holder: Holder
    reasons: frozenset[str] = frozenset()


NOT_OPEN_REASONS: Final[Mapping[str, str]] = {
    "safe_unwilling": "A",
    "able_unwilling": "B",
    "no_clear_violence": "C",
    "victim_dead": "D",
    "refuses_contact": "E",
    "wrong_contact": "F",
    "phone_failed": "G",
    "referred_elsewhere": "H",
    "false_report": "I",
    "contact_failed": "J",
    "other": "Z",
}
"""Why no case is opened, with the letters of NOTOPENCASE in the national data dictionary."""

SHORT_REASONS: Final[Mapping[str, str]] = {
    "safe_no_wish": "A",
    "able_no_need": "B",
    "no_clear_violence": "C",
    "other_need_referred": "D",
    "refused_given_resources": "E",
    "dead_family_needs": "F",
    "other": "Z",
}
"""Why advice or a short service is enough, with the letters of NCONSULTREASON."""

RETURN_REASONS: Final = frozenset(
    {"not_our_area", "not_our_service", "duplicate_of_open", "no_capacity", "contact_missing", "needs_other_skill"}
)
DISPUTE_REASONS: Final = frozenset({"jurisdiction", "residence_unclear", "kind_of_service", "who_leads"})
SETTLE_REASONS: Final = frozenset({"stays_here", "other_centre_takes_it", "both_work_along"})
CLOSE_REASONS: Final = frozenset(
    {
        "goals_reached",
        "safe_now",
        "moved_away",
        "died",
        "declined",
        "lost_contact",
        "referred",
        "unfounded",
        "court_ended",
    }
)
REOPEN_REASONS: Final = frozenset({"danger_again", "closed_wrongly", "new_information", "appeal"})
REFUSE_REASONS: Final = frozenset({"look_again", "danger_overlooked", "contact_not_tried", "wrong_reason"})
ASSIGN_REASONS: Final = frozenset(
    {"first_assignment", "holder_away", "workload", "other_skill", "conflict_of_interest"}
)


class CloseResult(StrEnum):
    """成案 or 不成案; a case that was never opened ends without service."""

    ESTABLISHED = "established"
    NOT_ESTABLISHED = "not_established"
    NOT_OPENED = "not_opened"


def _rows() -> list[Transition]:
    a, s, b, h = DeskAct, Stage, By, Holder
    not_open, short = frozenset(NOT_OPEN_REASONS), frozenset(SHORT_REASONS)
    rows = [
        Transition(a.CLAIM, s.WAITING, s.CLAIMED, b.HANDS, h.ACTOR),
        Transition(a.GIVE_BACK, s.CLAIMED, s.WAITING, b.HOLDER_OR_SUPERVISOR, h.NOBODY),
        Transition(a.LAPSE, s.CLAIMED, s.WAITING, b.SYSTEM, h.NOBODY),
        Transition(a.SCREEN_OPEN, s.CLAIMED, s.SCREENED, b.HOLDER, h.NOBODY),
        Transition(a.SCREEN_SHORT, s.CLAIMED, s.SCREENED, b.HOLDER, h.NOBODY, short),
        Transition(a.PROPOSE_NOT_OPEN, s.CLAIMED, s.NOT_OPENING, b.HOLDER, h.AS_BEFORE, not_open),
        Transition(a.SIGN_NOT_OPEN, s.NOT_OPENING, s.CLOSED, b.OTHER_SUPERVISOR, h.NOBODY),
        Transition(a.REFUSE_NOT_OPEN, s.NOT_OPENING, s.CLAIMED, b.OTHER_SUPERVISOR, h.AS_BEFORE, REFUSE_REASONS),
        Transition(a.ACCEPT, s.SCREENED, s.ACCEPTED, b.WORKER, h.ACTOR),
        Transition(a.STEP, s.ACCEPTED, s.IN_SERVICE, b.HOLDER, h.AS_BEFORE),
        Transition(a.STEP, s.IN_SERVICE, s.IN_SERVICE, b.HOLDER, h.AS_BEFORE),
        Transition(a.ASSIGN, s.WAITING, s.CLAIMED, b.SUPERVISOR, h.NAMED, ASSIGN_REASONS),
        Transition(a.ASSIGN, s.WITH_SUPERVISOR, s.CLAIMED, b.SUPERVISOR, h.NAMED, ASSIGN_REASONS),
        Transition(a.ASSIGN, s.SCREENED, s.ACCEPTED, b.SUPERVISOR, h.NAMED, ASSIGN_REASONS),
        Transition(a.SETTLE_DISPUTE, s.DISPUTED, s.WAITING, b.PLATFORM, h.NOBODY, SETTLE_REASONS),
        Transition(a.ESCALATE_DISPUTE, s.DISPUTED, s.DISPUTED, b.SUPERVISOR, h.NOBODY),
        Transition(a.DISPUTE, s.WITH_SUPERVISOR, s.DISPUTED, b.SUPERVISOR, h.NOBODY, DISPUTE_REASONS),
        Transition(a.DISPUTE, s.WAITING, s.DISPUTED, b.SUPERVISOR, h.NOBODY, DISPUTE_REASONS),
        Transition(a.CLOSE, s.ACCEPTED, s.CLOSED, b.HOLDER, h.NOBODY, CLOSE_REASONS),
        Transition(a.CLOSE, s.IN_SERVICE, s.CLOSED, b.HOLDER, h.NOBODY, CLOSE_REASONS),
        Transition(a.REOPEN, s.CLOSED, s.WAITING, b.SUPERVISOR, h.NOBODY, REOPEN_REASONS),
        Transition(a.HOLDER_GONE, s.CLAIMED, s.WAITING, b.SYSTEM, h.NOBODY),
        *(
            Transition(a.HOLDER_GONE, at, s.WITH_SUPERVISOR, b.SYSTEM, h.NOBODY)
            for at in (s.NOT_OPENING, s.ACCEPTED, s.IN_SERVICE)
        ),
        *(Transition(a.MOVE, at, s.WAITING, b.SYSTEM, h.NOBODY) for at in sorted(OPEN)),
    ]
    for at in (s.CLAIMED, s.ACCEPTED, s.IN_SERVICE):
        rows += [
            Transition(a.RETURN, at, s.WAITING, b.HOLDER, h.NOBODY, RETURN_REASONS),
            Transition(a.DISPUTE, at, s.DISPUTED, b.HOLDER_OR_SUPERVISOR, h.NOBODY, DISPUTE_REASONS),
            Transition(a.ASSIGN, at, at, b.SUPERVISOR, h.NAMED, ASSIGN_REASONS),
        ]
    rows.append(Transition(a.RETURN, s.SCREENED, s.WAITING, b.WORKER, h.NOBODY, RETURN_REASONS))
    return rows


TRANSITIONS: Final[Mapping[tuple[DeskAct, Stage], Transition]] = {(row.act, row.stage): row for row in _rows()}

MEETS: Final[Mapping[DeskAct, str]] = {
    DeskAct.SCREEN_OPEN: "child_grading",
    DeskAct.SCREEN_SHORT: "child_grading",
    DeskAct.PROPOSE_NOT_OPEN: "child_grading",
    DeskAct.ACCEPT: "dispatch",
}
"""The clock of the law that an act meets; a step meets the clock of its own name."""


def next_stage(act: DeskAct, stage: Stage, returns: int) -> Stage | None:
    """Where the act leads from this stage; None where it cannot be done. `returns` are those before this act."""
    row = TRANSITIONS.get((act, stage))
    if row is None:
        return None
    return Stage.WITH_SUPERVISOR if act is DeskAct.RETURN and returns + 1 >= RETURNS_MAX else row.next_stage
