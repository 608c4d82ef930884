import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.access import BEGINNING, OWNERS_NAMED_MAX, AccessEvent, AccessKind, event_hash, keys_used, told
from pipeline.domain.access_check import ChainCheck, Fault, Finding, expected
from pipeline.domain.anchors import Anchor, Head, mark_of, moved, read_statement, statement_of

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def event(stream: str, number: int, body: str, prior: bytes) -> AccessEvent:
    at = (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    bare = AccessEvent(stream, number, at, "read", "S1024", body, prior, b"")
    return bare._replace(hash=event_hash(prior, bare))


def chain(stream: str, bodies: list[str], after: AccessEvent | None = None) -> list[AccessEvent]:
    rows: list[AccessEvent] = []
    for body in bodies:
        last = rows[-1] if rows else after
        rows.append(event(stream, last.number + 1 if last else 1, body, last.hash if last else BEGINNING))
    return rows


def head(rows: list[AccessEvent]) -> Head:
    return Head(rows[-1].number, rows[-1].hash)


def found(
    rows: list[AccessEvent], heads: dict[str, Head], signed: list[tuple[str, Head]] | None = None, portion: int = 3
) -> list[Finding]:
    check = ChainCheck(expected(signed or []))
    for first in range(0, len(rows), portion):
        check.read(rows[first : first + portion])
    findings = check.end(heads)
    assert check.events == len(rows)
    return findings


CHAINS = st.lists(TEXT, min_size=2, max_size=12, unique=True).map(lambda bodies: chain("desk.tpe", bodies))
BESIDE = chain("keys", ["{}", "{}"])


@given(CHAINS, st.integers(1, 5))
def test_a_chain_as_it_was_written_is_whole_in_whatever_portions_it_is_read(
    rows: list[AccessEvent], portion: int
) -> None:
    heads = {"desk.tpe": head(rows), "keys": head(BESIDE)}
    signed = [("desk.tpe", Head(row.number, row.hash)) for row in rows]
    assert found([*rows, *BESIDE], heads, signed, portion) == []


CHANGES = {
    "at": "2026-01-01T00:00:00.000001Z",
    "kind": "reveal",
    "actor": "S9999",
    "body": "another",
    "prior_hash": sha256(b"another").digest(),
    "hash": sha256(b"another").digest(),
}


@given(CHAINS, st.data(), st.sampled_from(sorted(CHANGES)))
def test_one_changed_field_is_found_in_its_row_and_in_no_other(
    rows: list[AccessEvent], data: st.DataObject, field: str
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    heads = {"desk.tpe": head(rows), "keys": head(BESIDE)}
    changed = [*rows]
    changed[at] = rows[at]._replace(**{field: CHANGES[field]})
    assert found([*changed, *BESIDE], heads) == [Finding("desk.tpe", at + 1, Fault.CHANGED)]


@given(CHAINS, st.data())
def test_a_row_that_was_changed_and_hashed_anew_is_named(rows: list[AccessEvent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    heads = {"desk.tpe": head(rows)}
    bare = rows[at]._replace(body="another, longer than any")
    changed = [*rows[:at], bare._replace(hash=event_hash(bare.prior_hash, bare)), *rows[at + 1 :]]
    assert found(changed, heads) == [Finding("desk.tpe", at + 1, Fault.REWRITTEN)]


@given(CHAINS, st.data())
def test_removed_rows_are_named_from_the_first_to_the_last(rows: list[AccessEvent], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(rows) - 1))
    last = data.draw(st.integers(first, len(rows) - 1))
    fault = Fault.CUT_OFF if last == len(rows) - 1 else Fault.REMOVED
    left = [*rows[:first], *rows[last + 1 :], *BESIDE]
    heads = {"desk.tpe": head(rows), "keys": head(BESIDE)}
    assert found(left, heads) == [Finding("desk.tpe", first + 1, fault, last + 1)]


@given(CHAINS, st.data(), st.sampled_from(["the row", "what it tells"]))
def test_two_rows_that_stand_in_each_others_place_are_both_named(
    rows: list[AccessEvent], data: st.DataObject, exchanged: str
) -> None:
    a, b = sorted(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True)))
    swapped = [*rows]
    for here, there in ((a, b), (b, a)):
        moved_row = rows[there]._replace(number=here + 1)
        if exchanged == "what it tells":
            moved_row = moved_row._replace(prior_hash=rows[here].prior_hash, hash=rows[here].hash)
        swapped[here] = moved_row
    assert found(swapped, {"desk.tpe": head(rows)}) == [
        Finding("desk.tpe", a + 1, Fault.MISPLACED, belongs=b + 1),
        Finding("desk.tpe", b + 1, Fault.MISPLACED, belongs=a + 1),
    ]


@given(CHAINS, st.data())
def test_a_row_taken_out_with_all_after_it_moved_up_is_found_where_it_was(
    rows: list[AccessEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 2))
    moved_up = [*rows[:at], *(row._replace(number=row.number - 1) for row in rows[at + 1 :])]
    first = found(moved_up, {"desk.tpe": head(rows)})[0]
    assert first == Finding("desk.tpe", at + 1, Fault.MISPLACED, belongs=at + 2)


@given(CHAINS, st.data(), st.lists(TEXT, min_size=1, max_size=4))
def test_an_end_invented_and_chained_by_every_rule_is_found_by_the_anchor_behind_it(
    rows: list[AccessEvent], data: st.DataObject, bodies: list[str]
) -> None:
    held = data.draw(st.integers(0, len(rows) - 1))
    invented = chain("desk.tpe", ["invented", *bodies], rows[held - 1] if held else None)
    forged = [*rows[:held], *invented]
    signed = [("desk.tpe", Head(row.number, row.hash)) for row in (rows[:held] and [rows[held - 1]])]
    signed.append(("desk.tpe", head(rows)))
    findings = found(forged, {"desk.tpe": head(forged)}, signed)
    if len(forged) < len(rows):
        assert findings == [Finding("desk.tpe", len(forged) + 1, Fault.CUT_OFF, len(rows))]
    else:
        assert findings == [Finding("desk.tpe", held + 1, Fault.UNLIKE_ANCHOR, len(rows))]


@given(CHAINS, st.data(), st.lists(TEXT, min_size=1, max_size=4))
def test_a_chain_invented_whole_is_found_by_the_anchor(
    rows: list[AccessEvent], data: st.DataObject, bodies: list[str]
) -> None:
    signed_at = data.draw(st.integers(0, len(rows) - 1))
    invented = chain("desk.tpe", [f"invented {body}" for body in bodies])
    signed = [("desk.tpe", Head(rows[signed_at].number, rows[signed_at].hash))]
    findings = found(invented, {"desk.tpe": head(invented)}, signed)
    assert len(findings) == 1
    assert findings[0].fault in {Fault.UNLIKE_ANCHOR, Fault.CUT_OFF}
    assert (findings[0].number, findings[0].last) in {(1, signed_at + 1), (len(invented) + 1, signed_at + 1)}


def test_a_whole_stream_that_is_gone_is_known_by_its_head_or_by_an_anchor() -> None:
    rows = chain("desk.tpe", ["{}", "{}"])
    gone = [Finding("desk.tpe", 1, Fault.CUT_OFF, 2)]
    assert found(BESIDE, {"desk.tpe": head(rows), "keys": head(BESIDE)}) == gone
    assert found(BESIDE, {"keys": head(BESIDE)}, [("desk.tpe", head(rows))])[0] == gone[0]


def test_rows_past_the_head_or_without_a_head_are_named() -> None:
    rows = chain("desk.tpe", ["{}", "{}", "{}"])
    assert found(rows, {"desk.tpe": head(rows[:1])}) == [Finding("desk.tpe", 2, Fault.ADDED, 3)]
    assert found(rows, {}) == [Finding("desk.tpe", 3, Fault.HEADLESS)]


def test_a_number_that_stands_twice_is_named() -> None:
    rows = chain("desk.tpe", ["{}", "{}", "{}"])
    doubled = [*rows[:2], rows[1], *rows[2:]]
    assert found(doubled, {"desk.tpe": head(rows)}) == [Finding("desk.tpe", 2, Fault.DOUBLED)]


def test_every_finding_says_where_it_is() -> None:
    for fault in Fault:
        words = Finding("desk.tpe", 7, fault, 9, 4).words
        assert words.startswith("desk.tpe 7 to 9: ")
        assert "{" not in words


@given(st.lists(TEXT, min_size=5, max_size=5), st.lists(TEXT, min_size=5, max_size=5))
def test_two_events_have_one_hash_only_if_they_are_the_same(one: list[str], other: list[str]) -> None:
    first, second = (
        AccessEvent(parts[0], 1, *parts[1:], prior_hash=BEGINNING, hash=b"")  # type: ignore[misc] # four texts
        for parts in (one, other)
    )
    assert (event_hash(BEGINNING, first) == event_hash(BEGINNING, second)) == (first == second)


PERSONAL = [
    "王小明",
    "A123456789",
    "a223456789",
    "0912345678",
    "02-2720-8889",
    "+886912345678",
    "1987-03-02",
    "a b",
    "",
]


@pytest.mark.parametrize("value", PERSONAL)
def test_what_could_be_personal_is_refused_and_not_repeated(value: str) -> None:
    for body in ({"case": value}, {"case": [value]}):
        with pytest.raises(ValueError, match="alone") as refused:
            told("desk.tpe", "S1024", body)
        assert not value or value not in str(refused.value)


@pytest.mark.parametrize(
    ("stream", "actor", "name"), [("desk tpe", "S1024", "case_id"), ("desk", "王小明", "case"), ("desk", "S1", "Case")]
)
def test_streams_actors_and_fields_are_codes(stream: str, actor: str, name: str) -> None:
    with pytest.raises(ValueError, match="code"):
        told(stream, actor, {name: 1})


def test_ids_codes_counts_and_lists_of_them_are_told() -> None:
    case = uuid4()
    body = {"case": case, "count": 3, "whole": True, "code": "two_people", "cases": [case, "x:1"], "none": None}
    assert told("operate", "S1024", body) == {**body, "case": str(case), "cases": [str(case), "x:1"]}


@given(st.sets(st.uuids(), max_size=60))
def test_an_event_of_keys_names_some_owners_and_stands_for_all(owners: set[UUID]) -> None:
    body = keys_used(owners)
    assert body["count"] == len(owners)
    assert body["owners"] == sorted(owners)[:OWNERS_NAMED_MAX]
    assert body["digest"] == sha256(b"".join(o.bytes for o in sorted(owners))).hexdigest()
    assert len(str(told("assess", "assess", body))) < 8000


HEADS = st.dictionaries(
    st.text("abc.", min_size=1, max_size=4),
    st.builds(Head, st.integers(1, 10**12), st.binary(min_size=32, max_size=32)),
)


@given(st.integers(1, 10**9), HEADS, st.binary(min_size=32, max_size=32))
def test_a_statement_says_what_it_was_made_of(anchor_no: int, heads: dict[str, Head], prior: bytes) -> None:
    said = read_statement(statement_of(anchor_no, "2026-01-01T00:00:00Z", prior, heads))
    assert said == (anchor_no, "2026-01-01T00:00:00Z", prior, heads)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"anchor":1,"at":"","prior":"zz","heads":[]}', '{"anchor":{}}'])
def test_what_is_no_statement_says_nothing(text: str) -> None:
    assert read_statement(text) is None


def test_an_anchor_follows_the_statement_and_the_signature_before_it() -> None:
    one = Anchor(1, "text", b"key", b"signature")
    assert mark_of(None) == BEGINNING
    assert len({mark_of(one), mark_of(one._replace(statement="other")), mark_of(one._replace(signature=b"s"))}) == 3


def test_only_heads_that_moved_since_the_last_anchor_are_signed() -> None:
    old, new = Head(1, b"1"), Head(2, b"2")
    assert moved({"a": new, "b": old, "c": Head(0, BEGINNING)}, {"a": old, "b": old}) == {"a": new}


def test_each_kind_of_event_is_told_somewhere_and_the_database_tells_no_other() -> None:
    package = files("pipeline")
    in_sql = "\n".join(
        f.read_text("utf-8")
        for f in (package / "adapters" / "postgres" / "migrations").iterdir()
        if f.name.endswith(".sql")
    )
    by_sql = set(re.findall(r"\b(?:told\(|audit_append\(\s*'[^']*',)\s*'(\w+)'", in_sql))
    by_code = {
        AccessKind[name]
        for f in Path(str(package)).rglob("*.py")
        for name in re.findall(r"\bAccessKind\.([A-Z_]+)", f.read_text("utf-8"))
    }
    assert by_sql <= set(AccessKind)
    assert by_sql | by_code == set(AccessKind)
