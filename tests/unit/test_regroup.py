"""The partition into households and incidents does not depend on the order of arrival, and what people hold stays."""

from uuid import UUID

from following import Desk, after
from hypothesis import given, settings
from hypothesis import strategies as st
from telling import any_event

from pipeline.contracts.vocabulary import Priority
from pipeline.domain.facts import Facts

PRIORITIES = list(Priority)
ARRIVALS = st.lists(
    any_event(), min_size=2, max_size=9, unique_by=(lambda f: (f.source, f.event_id), lambda f: (f.source, f.report_no))
)


def groups(desk: Desk) -> tuple[set[frozenset[UUID]], set[frozenset[UUID]]]:
    """Households and incidents, by reports."""
    cases = desk.docket.cases.values()
    return (
        {frozenset(r.report_id for r in c.reports) for c in cases},
        {frozenset(r.report_id for r in i.reports) for c in cases for i in c.incidents},
    )


@settings(max_examples=200)
@given(ARRIVALS, st.data())
def test_the_partition_does_not_depend_on_the_order_of_arrival(events: list[Facts], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(events))
    assert groups(after(*events)) == groups(after(*mixed))
