"""Call-outs to people of a case: whether the rules of safe contact allow one, and that it was made. Nobody is dialled
from here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.cards import ASK_FOR_S, Cards, Wish
from pipeline.adapters.postgres.database import with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.cards import Asked, may_call_out
from pipeline.domain.safe_contact import Answer, Refused
from pipeline.domain.sides import Side

SQL = Queries.of("call_outs")


class CallOut(NamedTuple):
    """Whom to reach of which side's card, when, and, against the rules, for which coded reason."""

    call_out_id: UUID
    case_id: UUID
    side: Side
    asked: Asked
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class CallOuts:
    cards: Cards

    async def note(self, token: str, second: str | None, wish: CallOut) -> dict[str, Any]:
        """`code` is `done`, with `rule` and `is_new`, or says why it is not noted; the audit is told either way. Raises
        as `Cards` does.
        """
        return await with_retries(lambda: self._note(token, second, wish), for_s=ASK_FOR_S)

    async def _note(self, token: str, second: str | None, wish: CallOut) -> dict[str, Any]:
        own = wish.asked.person if wish.side is Side.OWN else None
        looked_at = Wish(wish.case_id, "claim", "safety_contact", wish.side, own)
        async with acting_as(self.cards.pool, token, second=second) as acting:
            found = await self.cards.read(acting, looked_at, wish.at, "call_out")
            rule = _rule(may_call_out(*found, wish.asked) if found else None)
            values = (
                wish.call_out_id,
                wish.case_id,
                wish.asked.person,
                wish.asked.way.value,
                wish.at,
                rule,
                wish.reason,
            )
            said: dict[str, Any] = await acting.db.fetchval(SQL["note"], *values)
            return said


def _rule(answer: Answer | None) -> str:
    if answer is None:
        return "unknown_contact"
    return answer.code.value if isinstance(answer, Refused) else "allowed"
