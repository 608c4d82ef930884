import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.anchors import AnchorFile, create_key, is_signed_by, signer, trusted_keys
from pipeline.domain.access import BEGINNING
from pipeline.domain.access_check import Fault, Finding
from pipeline.domain.anchor_check import check_anchors
from pipeline.domain.anchors import Anchor, Head, mark_of, statement_of
from pipeline.errors import KeysRefusedError


def series(length: int, key: bytes = b"key") -> list[Anchor]:
    anchors: list[Anchor] = []
    for number in range(1, length + 1):
        prior = mark_of(anchors[-1]) if anchors else BEGINNING
        statement = statement_of(number, "2026-01-01T00:00:00.000000Z", prior, {"desk": Head(number * 10, bytes(32))})
        anchors.append(Anchor(number, statement, key, b"signed" + statement.encode()))
    return anchors


def is_signed(anchor: Anchor) -> bool:
    return anchor.public_key == b"key" and anchor.signature == b"signed" + anchor.statement.encode()


def found(table: list[Anchor], file: list[Anchor] | None) -> list[tuple[int, Fault]]:
    findings, _ = check_anchors(table, file, is_signed=is_signed, is_stamped=lambda a: a.timestamp_token == b"ours")
    assert all(f.stream == "anchors" for f in findings)
    return [(f.number, f.fault) for f in findings]


WHOLE = st.integers(1, 6).map(series)


@given(WHOLE, st.data())
def test_anchors_are_whole_with_a_file_without_one_and_with_one_that_begins_late_or_ends_early(
    anchors: list[Anchor], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(anchors)))
    last = data.draw(st.integers(first, len(anchors)))
    assert found(anchors, None) == found(anchors, anchors) == found(anchors, anchors[first:last]) == []
    _, signed = check_anchors(anchors, None, is_signed=is_signed, is_stamped=is_signed)
    assert signed == [("desk", Head(n * 10, bytes(32))) for n in range(1, len(anchors) + 1)]


@given(WHOLE, st.data())
def test_an_anchor_that_was_removed_from_the_table_is_known_by_the_file_or_by_those_after_it(
    anchors: list[Anchor], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(anchors) - 1))
    left = [*anchors[:at], *anchors[at + 1 :]]
    gone = [(at + 1, Fault.ANCHOR_REMOVED)]
    assert found(left, anchors) == gone
    assert found(left, None) == (gone if at < len(anchors) - 1 else [])


@given(WHOLE, st.data())
def test_an_anchor_that_was_removed_from_the_middle_of_the_file_is_named(
    anchors: list[Anchor], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(anchors) - 1))
    left = [*anchors[:at], *anchors[at + 1 :]]
    inside = 0 < at < len(anchors) - 1
    assert found(anchors, left) == ([(at + 1, Fault.ANCHOR_UNLIKE_FILE)] if inside else [])


@given(WHOLE, st.data())
def test_an_anchor_that_was_changed_is_named_and_its_heads_are_not_believed(
    anchors: list[Anchor], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(anchors) - 1))
    forged = anchors[at]._replace(statement=anchors[at].statement.replace("2026", "2025"))
    changed = [*anchors[:at], forged, *anchors[at + 1 :]]
    assert found(changed, None)[0] == (at + 1, Fault.ANCHOR_UNSIGNED)
    assert found(changed, anchors)[0] == (at + 1, Fault.ANCHOR_UNLIKE_FILE)
    _, signed = check_anchors(changed, None, is_signed=is_signed, is_stamped=is_signed)
    assert len(signed) == len(anchors) - 1


@given(WHOLE, st.data())
def test_an_anchor_made_anew_by_who_has_the_key_breaks_the_one_that_follows(
    anchors: list[Anchor], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(anchors) - 1))
    statement = anchors[at].statement.replace("2026", "2025")
    forged = Anchor(at + 1, statement, b"key", b"signed" + statement.encode())
    changed = [*anchors[:at], forged, *anchors[at + 1 :]]
    assert found(changed, None) == ([(at + 2, Fault.ANCHOR_CHANGED)] if at < len(anchors) - 1 else [])
    assert (at + 1, Fault.ANCHOR_UNLIKE_FILE) in found(changed, anchors)


def test_a_statement_of_another_number_or_that_is_none_is_named() -> None:
    one, two = series(2)
    assert found([one, two._replace(statement=one.statement, signature=one.signature)], None) == [
        (2, Fault.ANCHOR_CHANGED)
    ]
    assert found([Anchor(1, "none", b"key", b"signednone")], None) == [(1, Fault.ANCHOR_CHANGED)]


def test_a_timestamp_of_something_else_is_named() -> None:
    (one,) = series(1)
    assert found([one._replace(timestamp_token=b"ours")], None) == []
    assert found([one._replace(timestamp_token=b"other")], None) == [(1, Fault.STAMP_OF_ANOTHER)]


def test_no_anchors_at_all_are_no_fault_and_a_file_without_its_table_is() -> None:
    assert found([], None) == found([], []) == []
    assert found([], series(2)) == [(1, Fault.ANCHOR_REMOVED), (2, Fault.ANCHOR_REMOVED)]
    assert Finding("anchors", 1, Fault.ANCHOR_REMOVED).words == "anchors 1: it is not there"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "anchor.pem"
    create_key(path)
    return path


def test_what_a_key_signs_is_believed_by_its_public_half_alone(key: Path, tmp_path: Path) -> None:
    anchor = signer(key)(1, "statement")
    trusted = trusted_keys(key.with_suffix(".pub"))
    assert is_signed_by(anchor, trusted)
    assert not is_signed_by(anchor._replace(statement="another"), trusted)
    create_key(tmp_path / "other.pem")
    other = trusted_keys(tmp_path / "other.pub")
    assert not is_signed_by(anchor, other)
    both = tmp_path / "both.pub"
    both.write_text(key.with_suffix(".pub").read_text() + (tmp_path / "other.pub").read_text())
    assert trusted_keys(both) == trusted | other


def test_a_key_is_never_drawn_over_another_and_never_used_when_others_may_read_it(key: Path) -> None:
    with pytest.raises(FileExistsError):
        create_key(key)
    key.chmod(0o644)
    with pytest.raises(KeysRefusedError, match="0600"):
        signer(key)


def test_a_missing_key_names_the_command_that_draws_it(tmp_path: Path) -> None:
    with pytest.raises(KeysRefusedError, match="anwang keys init"):
        signer(tmp_path / "none.pem")


@pytest.mark.parametrize("text", ["", "no key", "ed25519:****\n"])
def test_a_file_without_public_keys_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.pub").write_text(text)
    with pytest.raises(KeysRefusedError):
        trusted_keys(tmp_path / "bad.pub")


def test_the_file_gives_back_what_was_added_with_timestamps_and_without(tmp_path: Path) -> None:
    file, anchors = AnchorFile(tmp_path / "anchors"), series(3)
    anchors[1] = anchors[1]._replace(timestamp_token=b"\x00\xff")
    anchors = [a._replace(public_key=bytes([a.anchor_no]) * 32) for a in anchors]
    assert (file.read(), file.last()) == (None, 0)
    file.append(anchors[:1])
    file.append([])
    file.append(anchors[1:])
    assert (file.read(), file.last()) == (anchors, 3)


def test_a_line_that_a_crash_cut_short_counts_for_nothing_and_makes_room_for_the_next(tmp_path: Path) -> None:
    path, anchors = tmp_path / "anchors", series(2)
    file = AnchorFile(path)
    file.append(anchors[:1])
    path.write_bytes(path.read_bytes() + b'{"anchor":2,"state')
    assert (file.read(), file.last()) == (anchors[:1], 1)
    file.append(anchors[1:])
    assert file.read() == anchors


def test_a_whole_line_that_is_no_anchor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    for line in ("{}", "[]", "no json", json.dumps({"anchor": "x"})):
        path.write_text(f"{line}\n")
        for read in (AnchorFile(path).read, AnchorFile(path).last):
            with pytest.raises(KeysRefusedError):
                read()
