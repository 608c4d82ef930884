from dataclasses import replace

import pytest

from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.ledger import LedgerState

EVEN = LedgerState(
    received=10,
    settled={Outcome.CASE: 6, Outcome.DEAD_LETTER: 1},
    in_flight=3,
    lost=0,
    unpublished=2,
    oldest_unsettled_s=0.5,
    unread_open=1,
    unread_overdue=0,
    findings={},
)


def test_a_ledger_balances_when_all_that_came_in_is_settled_or_in_flight() -> None:
    assert EVEN.balances


@pytest.mark.parametrize(
    "odd",
    [
        replace(EVEN, received=11),
        replace(EVEN, received=9),
        replace(EVEN, lost=1),
        replace(EVEN, lost=1, received=11),
        replace(EVEN, findings={"gap": 1}),
    ],
)
def test_a_missing_message_one_too_many_and_any_finding_unbalance_it(odd: LedgerState) -> None:
    assert not odd.balances
