"""Judges settled cases by a policy in shadow too, and writes what it says otherwise. Whatever goes wrong with it is
noted, rings, and leaves the settlement as it is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.policies import SQL
from pipeline.domain.assess import Settlement
from pipeline.domain.centres import Load
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.shadow import FAILED, Differs, Shadowed, differences
from pipeline.domain.terms import NO_LOAD, Terms, TermsBook

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


class Under(NamedTuple):
    """What a batch is decided under, the policy in shadow, and how full centres are."""

    book: TermsBook
    shadow: Policy | None
    load: Load = NO_LOAD


def judge_beside(settlement: Settlement, terms: Terms, under: Under) -> Shadowed | None:
    """None for a redelivery, which changes nothing, and where nothing runs in shadow."""
    shadow, case = under.shadow, settlement.after
    if shadow is None or case is None:
        return None
    try:
        differs: Differs = differences(
            terms, under.book.under(shadow, terms.at, terms.load), case, settlement.report_id
        )
    except FAULTS_OF_PURE_CODE as error:
        differs = {FAILED: [None, type(error).__name__]}
    return Shadowed(settlement.facts.event_key, shadow.version, terms.policy.version, differs)


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
        await db.execute(SQL["raise_alarm"], "policy_shadow_failed", shadowed[0].version, "assess")
