"""What each role may do at the desk at all. Of which cases is another question: the post's, and Postgres answers it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pipeline.domain.posts import WORK_ON_CASES, PostRole

_ROLES_WITH_HANDS = WORK_ON_CASES - {PostRole.DISPATCHER}


class Act(StrEnum):
    SEE_CASES = "see_cases"
    CLAIM = "claim"
    SCREEN = "screen"
    ACCEPT = "accept"
    WORK = "work"
    SUPERVISE = "supervise"
    SEE_LINKS = "see_links"
    RULE = "rule"
    OVERRIDE = "override"
    TRANSFER = "transfer"
    READ_RECORDS = "read_records"
    READ_AUDIT = "read_audit"
    OPEN_CASE = "open_case"
    OPEN_REPORTER = "open_reporter"
    SEE_ENDED_CLAIMS = "see_ended_claims"
    COUNT = "count"
    ACKNOWLEDGE = "acknowledge"
    CALL_OUT = "call_out"
    TELL_REPORT = "tell_report"


MAY: Final[Mapping[Act, frozenset[PostRole]]] = {
    Act.SEE_CASES: WORK_ON_CASES,
    Act.CLAIM: _ROLES_WITH_HANDS,
    Act.SCREEN: _ROLES_WITH_HANDS,
    Act.ACCEPT: _ROLES_WITH_HANDS - {PostRole.SCREENER},
    Act.WORK: _ROLES_WITH_HANDS,
    Act.SUPERVISE: frozenset({PostRole.SUPERVISOR}),
    Act.SEE_LINKS: _ROLES_WITH_HANDS,
    Act.RULE: _ROLES_WITH_HANDS,
    Act.OVERRIDE: _ROLES_WITH_HANDS,
    Act.TRANSFER: WORK_ON_CASES,
    Act.READ_RECORDS: frozenset({PostRole.DISPATCHER}),
    Act.READ_AUDIT: frozenset({PostRole.AUDIT_READER}),
    Act.OPEN_CASE: _ROLES_WITH_HANDS,
    Act.OPEN_REPORTER: _ROLES_WITH_HANDS,
    Act.SEE_ENDED_CLAIMS: frozenset({PostRole.SUPERVISOR}),
    Act.COUNT: frozenset({PostRole.ANALYST, PostRole.SUPERVISOR}),
    Act.ACKNOWLEDGE: _ROLES_WITH_HANDS,
    Act.CALL_OUT: _ROLES_WITH_HANDS,
    Act.TELL_REPORT: frozenset({PostRole.SCREENER, PostRole.SUPERVISOR}),
}
"""A dispatcher is a centre's own system: it reads its queue and hands cases on; no person looks through its eyes."""


def may(role: PostRole, act: Act) -> bool:
    return role in MAY[act]
