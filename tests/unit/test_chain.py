from itertools import pairwise

from following import after
from hypothesis import given
from hypothesis import strategies as st
from telling import STREAMS

from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.facts import Facts

CASE = derived("case", "1")


def chain(bodies: list[bytes]) -> list[bytes]:
    hashes = [BEGINNING]
    for version, body in enumerate(bodies, 1):
        hashes.append(link_hash(hashes[-1], CASE, version, body))
    return hashes


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=6), st.data())
def test_one_changed_event_changes_every_hash_from_there_on(bodies: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bodies) - 1))
    forged = [*bodies[:at], bodies[at] + b"!", *bodies[at + 1 :]]
    true, false = chain(bodies), chain(forged)
    assert true[: at + 1] == false[: at + 1]
    assert all(one != other for one, other in zip(true[at + 1 :], false[at + 1 :], strict=True))


def test_case_and_version_are_part_of_the_hash() -> None:
    one = link_hash(BEGINNING, CASE, 1, b"x")
    assert one != link_hash(BEGINNING, derived("case", "2"), 1, b"x")
    assert one != link_hash(BEGINNING, CASE, 2, b"x")
    assert len(one) == len(BEGINNING) == 32


@given(STREAMS)
def test_each_case_has_one_event_for_every_version_and_its_chain_verifies(events: list[Facts]) -> None:
    history: dict[object, list[tuple[int, bytes]]] = {}
    for notice in after(*events).told:
        if notice.topic == CASE_EVENTS:
            history.setdefault(notice.case_id, []).append((notice.case_version, notice.body))
    for told in history.values():
        assert [version for version, _ in told] == list(range(1, len(told) + 1))
        hashes = chain([body for _, body in told])
        assert all(
            link_hash(prior, CASE, version, body) == found
            for (prior, found), (version, body) in zip(pairwise(hashes), told, strict=True)
        )
