"""Which faults of the desk's timers ring."""

import pytest

from pipeline.domain.timekeeping import CASE_UNARMED, CLOCK_UNARMED, CODES, LATE, Timekeeping


def test_what_is_armed_and_in_time_does_not_ring() -> None:
    assert Timekeeping(oldest_s=10.0, p99_s=2.0).faults == frozenset()


def test_each_case_and_each_clock_without_a_timer_rings_for_itself() -> None:
    found = Timekeeping(cases=("a", "b"), clocks=("c/dispatch",)).faults
    assert found == {(CASE_UNARMED, "a"), (CASE_UNARMED, "b"), (CLOCK_UNARMED, "c/dispatch")}


@pytest.mark.parametrize(
    ("found", "subject"), [(Timekeeping(oldest_s=10.1), "overdue"), (Timekeeping(p99_s=2.1), "p99")]
)
def test_timers_that_are_looked_at_late_ring(found: Timekeeping, subject: str) -> None:
    assert found.faults == {(LATE, subject)}
    assert {fault.code for fault in found.faults} <= set(CODES)
