"""Who may erase what, and when a restore has brought something back."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.erasure_list import ErasureList, ErasureListRefusedError
from pipeline.contracts.case import ErasureReason
from pipeline.domain.casefile import CaseState
from pipeline.domain.erasure import (
    MEANINGS,
    RECORD,
    ErasureRecord,
    ErasureRefusal,
    ErasureState,
    Event,
    Known,
    Proposed,
    Standing,
    require_answerable,
    require_erasable,
    require_proposable,
    unapplied,
)
from pipeline.errors import RulingRefusedError

ASKED, OVER = ErasureReason.ASKED_BY_PERSON, ErasureReason.TERM_OVER
IDS = st.frozensets(st.integers(0, 5).map(lambda number: UUID(int=number)))


def record(number: int) -> ErasureRecord:
    one, other, event = (UUID(int=number * 10 + n) for n in range(3))
    return ErasureRecord(
        UUID(int=number), one, ASKED, "W17", "S20", datetime(2026, 3, 2, tzinfo=UTC), (one, other), (other,),
        (Event(event, "00ff"),),
    )  # fmt: skip


def refusal(standing: Standing, reason: ErasureReason = ASKED, by: str = "W17") -> str:
    with pytest.raises(RulingRefusedError) as told:
        require_proposable(standing, reason, by)
    return told.value.code


def test_every_refusal_says_what_it_means() -> None:
    assert set(MEANINGS) == set(ErasureRefusal)


@pytest.mark.parametrize("state", [CaseState.WAITING, CaseState.CLAIMED, CaseState.CLOSED])
def test_a_case_that_stands_may_be_erased(state: CaseState) -> None:
    require_proposable(Standing(state), ASKED, "W17")


def test_nothing_is_erased_over_what_waits_or_is_gone() -> None:
    assert refusal(Standing(None)) == "unknown_case"
    assert refusal(Standing(CaseState.MERGED)) == "case_merged"
    assert refusal(Standing(CaseState.ERASED)) == "already_erased"
    assert refusal(Standing(CaseState.WAITING, is_proposed=True)) == "already_proposed"
    assert refusal(Standing(CaseState.WAITING, transfer_waits=True)) == "transfer_waits"
    assert refusal(Standing(CaseState.WAITING), by="王小明") == "not_a_staff_code"


@given(st.sampled_from(CaseState))
def test_the_law_erases_closed_cases_alone(state: CaseState) -> None:
    if state is CaseState.CLOSED:
        require_erasable(Standing(state), OVER)
    else:
        assert refusal(Standing(state), OVER) in {"not_due", "case_merged", "already_erased"}


@pytest.mark.parametrize(
    ("state", "answered_by", "by", "approves", "ends"),
    [
        (ErasureState.PROPOSED, None, "S20", True, True),
        (ErasureState.PROPOSED, None, "W17", False, True),
        (ErasureState.PROPOSED, None, "W17", True, "one_person"),
        (ErasureState.PROPOSED, None, "w17", True, "one_person"),
        (ErasureState.PROPOSED, None, "Wang", True, "not_a_staff_code"),
        (ErasureState.REFUSED, "S20", "S20", False, False),
        (ErasureState.REFUSED, "S20", "S20", True, "answered_before"),
        (ErasureState.BEGUN, "S20", "S20", True, False),
        (ErasureState.DONE, "S20", "S20", True, False),
        (ErasureState.DONE, "S20", "S21", True, "answered_before"),
        (ErasureState.DONE, "S20", "S20", False, "answered_before"),
    ],
)
def test_another_person_answers_once(
    state: ErasureState,
    answered_by: str | None,
    by: str,
    approves: bool,  # noqa: FBT001 - of a table
    ends: bool | str,  # noqa: FBT001 - of a table
) -> None:
    proposed = Proposed(state, "W17", answered_by)
    if isinstance(ends, bool):
        assert require_answerable(proposed, by, approves=approves) is ends
        return
    with pytest.raises(RulingRefusedError) as told:
        require_answerable(proposed, by, approves=approves)
    assert told.value.code == ends


def test_what_was_never_proposed_is_not_answered() -> None:
    with pytest.raises(RulingRefusedError, match="no erasure of this id"):
        require_answerable(None, "S20", approves=True)


@given(IDS, IDS, IDS, IDS)
def test_places_that_know_the_same_agree_and_a_place_that_lost_one_is_named(
    listed: frozenset[UUID], data: frozenset[UUID], keys: frozenset[UUID], begun: frozenset[UUID]
) -> None:
    begun &= data
    found = unapplied(Known(listed, data, keys, begun))
    needed = (listed | data | keys) - (begun - listed)
    assert any("the data" in text for text in found) == bool(needed - data)
    assert any("the keys" in text for text in found) == bool(needed - keys)
    assert unapplied(Known((), needed | begun, needed, begun)) == ()


def test_an_erased_case_that_is_there_again_is_named() -> None:
    assert unapplied(Known((), (), (), back=[UUID(int=1)])) == ("1 erased cases are there again",)


def test_the_list_keeps_each_erasure_once_and_only_for_its_owner(tmp_path: Path) -> None:
    listed = ErasureList(tmp_path / "new" / "erasures.ndjson")
    assert listed.read() == {}
    for number in (1, 2, 1):
        listed.add(record(number))
    assert listed.read() == {UUID(int=n): record(n) for n in (1, 2)}
    path = tmp_path / "new" / "erasures.ndjson"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes().splitlines()) == 2


@given(st.integers(0, 400))
def test_a_line_that_was_broken_off_is_written_anew(cut: int) -> None:
    import tempfile  # noqa: PLC0415 - hypothesis and tmp_path do not go together

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "erasures.ndjson"
        whole = RECORD.dump_json(record(1)) + b"\n"
        path.write_bytes(whole + (RECORD.dump_json(record(2)) + b"\n")[: min(cut, len(whole) - 2)])
        listed = ErasureList(path)
        assert set(listed.read()) == {UUID(int=1)}
        listed.add(record(2))
        assert listed.read() == {UUID(int=n): record(n) for n in (1, 2)}


def test_a_list_that_cannot_be_read_or_written_is_refused_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "erasures.ndjson"
    path.write_text('{"name": "蔡品睿"}\n', "utf-8")
    with pytest.raises(ErasureListRefusedError, match="line 1: this is no erasure") as told:
        ErasureList(path).read()
    assert "蔡品睿" not in str(told.value)
    with pytest.raises(ErasureListRefusedError, match="cannot be"):
        ErasureList(tmp_path).require_writable()
