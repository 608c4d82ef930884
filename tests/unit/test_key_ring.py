"""The key ring in versions: what it takes, what it refuses, and what it keeps the same."""

import base64
import json
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.vault import (
    GateKeys,
    KeyPurpose,
    KeyRing,
    KeySet,
    Live,
    Slot,
    gate_file,
    new_key,
    seal,
    unseal,
    version_of,
)
from pipeline.domain.link import Key, KeyKind
from pipeline.errors import KeysRefusedError

INDEX, DIGESTING = KeyPurpose.INDEX, KeyPurpose.DIGESTING


@pytest.fixture
def path(tmp_path: Path) -> Path:
    KeyRing.create(tmp_path / "ring.json")
    return tmp_path / "ring.json"


def live(current: int, *versions: int) -> Live:
    return Live(current, frozenset({current, *versions}))


def slot() -> Slot:
    return Slot("report_version", "sealed", uuid4())


@given(st.binary(max_size=200), st.integers(1, 2**31), st.integers(1, 2**31))
def test_a_value_opens_under_the_version_that_it_was_sealed_under_and_no_other(
    plain: bytes, version: int, other: int
) -> None:
    key, at = new_key(), slot()
    sealed = seal(KeySet.of(key, version), plain, at)
    assert version_of(sealed) == version
    assert unseal(KeySet(other, {version: key, other: key}), sealed, at) == plain
    if other != version:
        with pytest.raises(KeysRefusedError, match=f"needs version {version} of its key"):
            unseal(KeySet.of(key, other), sealed, at)
        with pytest.raises(KeysRefusedError, match="does not open"):
            unseal(key, other.to_bytes(4, "big") + sealed[4:], at)


def test_a_ring_of_the_first_form_is_read_as_version_1(tmp_path: Path) -> None:
    path, keys = tmp_path / "ring.json", {p.value: new_key() for p in (KeyPurpose.WRAPPING, INDEX, DIGESTING)}
    path.touch(0o600)
    path.write_text(json.dumps({"version": 1} | {n: base64.b64encode(k).decode() for n, k in keys.items()}))
    ring = KeyRing.load(path)
    found = {name: ring.held(KeyPurpose(name)) for name in keys}
    assert found == {name: KeySet.of(key) for name, key in keys.items()}
    path.chmod(0o640)
    with pytest.raises(KeysRefusedError, match="0600"):
        KeyRing.load(path)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"current": 2, "keys": {"1": "AAAA"}},
        {"current": 1, "keys": {"1": base64.b64encode(b"short").decode()}},
        {"current": 1, "keys": {"one": base64.b64encode(bytes(32)).decode()}},
        {"current": 2, "keys": {"1": base64.b64encode(bytes(32)).decode()}},
        {"keys": {}},
        [],
        None,
    ],
)
def test_what_is_no_ring_is_refused_without_a_byte_of_it(path: Path, spoilt: object) -> None:
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"index": spoilt}))
    with pytest.raises(KeysRefusedError) as caught:
        KeyRing.load(path)
    assert all(one["keys"]["1"] not in str(caught.value) for one in told.values() if isinstance(one, dict))


def test_a_running_process_takes_a_new_version_from_the_file_and_refuses_one_that_is_not_there(path: Path) -> None:
    ring = KeyRing.load(path)
    key = Key(KeyKind.NUMBER, "a\n1")
    before = ring.token(key)
    ring.adopt({INDEX: live(1), DIGESTING: live(1)})
    with pytest.raises(KeysRefusedError, match="lacks the index key, version 2"):
        ring.adopt({INDEX: live(2, 1)})
    assert ring.tokens(key) == (before,)
    KeyRing.load(path).file.draw(INDEX, 2)
    assert ring.adopt({INDEX: live(2, 1)})
    assert ring.tokens(key) == (before, ring.token(key))
    assert ring.token(key) != before
    ring.adopt({INDEX: live(2)})
    assert ring.tokens(key) == (ring.token(key),)


def test_a_ring_that_lost_a_live_version_is_refused_and_the_one_in_memory_stays(path: Path) -> None:
    ring, content = KeyRing.load(path), path.read_text()
    ring.file.draw(INDEX, 2)
    ring.adopt({INDEX: live(2, 1), DIGESTING: live(1)})
    path.write_text(content)
    with pytest.raises(KeysRefusedError, match="lacks the index key, version 2"):
        ring.refresh()
    assert ring.held(INDEX) != KeyRing.load(path).held(INDEX)
    with pytest.raises(KeysRefusedError, match="lacks the index key, version 2"):
        KeyRing.load(path).adopt({INDEX: live(2, 1)})


def test_a_digest_is_known_under_whatever_version_it_was_made(path: Path) -> None:
    ring = KeyRing.load(path)
    first = ring.digest(b"one")
    ring.file.draw(DIGESTING, 2)
    ring.adopt({DIGESTING: live(2, 1)})
    second = ring.digest(b"one")
    assert len(first) == 32
    assert first != second[4:]
    for made in (first, second):
        assert ring.is_digest(made, b"one")
        assert not ring.is_digest(made, b"other")
    assert not ring.is_digest(None, b"one")
    assert ring.all_keyed(b"one") == (second[4:], first)


def test_proofs_tell_keys_and_versions_apart(path: Path, tmp_path: Path) -> None:
    ring, other = KeyRing.load(path), KeyRing.create(tmp_path / "other.json")
    ring.file.draw(INDEX, 2)
    ring.refresh()
    proofs = [ring.proof(INDEX, 1), ring.proof(INDEX, 2), ring.proof(DIGESTING, 1), other.proof(INDEX, 1)]
    assert len(set(proofs)) == 4
    assert KeyRing.load(path).proof(INDEX, 2) == proofs[1]
    with pytest.raises(KeysRefusedError, match="lacks the index key, version 3"):
        ring.proof(INDEX, 3)


def test_a_version_is_drawn_once_and_the_current_one_is_never_dropped_alone(path: Path) -> None:
    ring = KeyRing.load(path)
    ring.file.draw(INDEX, 2)
    drawn = KeyRing.load(path).held(INDEX)
    ring.file.draw(INDEX, 2)
    assert KeyRing.load(path).held(INDEX) == drawn
    ring.file.settle(INDEX, 2, {})
    ring.file.drop(INDEX, [2])
    ring.file.drop(INDEX, [1])
    held = KeyRing.load(path).held(INDEX)
    assert held
    assert (held.current, set(held.versions)) == (2, {2})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir() if not one.name.startswith(".")] == ["ring.json"]


def test_receipts_of_an_older_key_stay_valid_and_a_running_intake_takes_the_new_one(tmp_path: Path) -> None:
    path, event = tmp_path / "gate.json", uuid4()
    keys = GateKeys.create(path)
    receipt = keys.receipt("clinic-1", event)
    gate_file(path).draw("receipts", 2)
    gate_file(path).settle("receipts", 2, {})
    assert keys.refresh()
    assert not keys.refresh()
    assert keys.receipt("clinic-1", event) != receipt
    assert {keys.event_key("clinic-1", r) for r in (receipt, keys.receipt("clinic-1", event))} == {event}
    gate_file(path).drop("receipts", [1])
    keys.refresh()
    assert keys.event_key("clinic-1", receipt) is None
