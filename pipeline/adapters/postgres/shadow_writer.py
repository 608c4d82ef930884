"""Judges settled cases by a policy in shadow too, and writes what it says otherwise. Whatever goes wrong with it is
noted, rings, and leaves the settlement as it is.
"""

from collections.abc import Iterator, Sequence

import asyncpg

from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.policies import ALARMS, SQL
from pipeline.domain.assess import Settlement
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.shadow import FAILED, Differs, Shadowed, differences

FAULTS_OF_PURE_CODE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""All that a calculation on values can end in."""


def judge_beside(settlement: Settlement, policy: Policy, shadow: Policy | None) -> Iterator[Shadowed]:
    """None for a redelivery, which changes nothing."""
    if shadow and settlement.after:
        differs = _differences(settlement, policy, shadow)
        yield Shadowed(settlement.facts.event_key, shadow.version, policy.version, differs)


def _differences(settlement: Settlement, policy: Policy, shadow: Policy) -> Differs:
    if settlement.after is None:
        return {}
    try:
        return differences(policy, shadow, settlement.after, settlement.report_id)
    except FAULTS_OF_PURE_CODE as error:
        return {FAILED: [None, type(error).__name__]}


async def write_shadowed(db: Connection, shadowed: Sequence[Shadowed]) -> None:
    """In the caller's transaction, which goes on whether or not this can be written."""
    if not shadowed:
        return
    try:
        async with db.transaction():
            await db.execute(SQL["add_shadow_decision"], *(list(column) for column in zip(*shadowed, strict=True)))
            failed = any(FAILED in told.differs for told in shadowed)
    except asyncpg.PostgresError:
        failed = True
    if failed:
        await db.execute(ALARMS["raise_alarm"], "shadow_failed", shadowed[0].version, "assess")
