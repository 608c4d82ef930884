"""The posts in which people work here: a role, and for which centres."""

from dataclasses import dataclass
from enum import StrEnum

EVERYWHERE = "*"


class PostRole(StrEnum):
    SCREENER = "screener"
    DISPATCHER = "dispatcher"
    PROTECTIVE_WORKER = "protective_worker"
    FAMILY_WORKER = "family_worker"
    SUPERVISOR = "supervisor"
    POLICY_OWNER = "policy_owner"
    ANALYST = "analyst"
    OPERATOR = "operator"
    AUDIT_READER = "audit_reader"


WORK_ON_CASES = frozenset(
    {
        PostRole.SCREENER,
        PostRole.DISPATCHER,
        PostRole.PROTECTIVE_WORKER,
        PostRole.FAMILY_WORKER,
        PostRole.SUPERVISOR,
    }
)


@dataclass(frozen=True, slots=True)
class Post:
    """`scope` is the code of a centre, of a county for all of its centres, or `*`."""

    role: PostRole
    scope: str

    def __str__(self) -> str:
        return f"{self.role}@{self.scope}"
