"""Keys of people who sign policies."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.signing import SigningKey, read_public, shown, verify
from pipeline.errors import KeysRefusedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "S1024.pem"


def test_a_key_signs_and_its_public_half_verifies(path: Path) -> None:
    key = SigningKey.create(path)
    told = SigningKey.load(path).sign(b"these bytes")
    assert verify(key.public_key, told, b"these bytes")
    assert not verify(key.public_key, told, b"other bytes")
    assert not verify(key.public_key, told[:-1] + bytes([told[-1] ^ 1]), b"these bytes")
    assert not verify(SigningKey.create(path.with_name("other.pem")).public_key, told, b"these bytes")


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_nonsense_is_no_signature_and_no_error(public_key: bytes, signature: bytes) -> None:
    assert verify(public_key, signature, b"") is False


def test_only_its_owner_may_read_a_key_file(path: Path) -> None:
    SigningKey.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(KeysRefusedError, match="0600"):
        SigningKey.load(path)


def test_a_key_is_never_written_over_another_file(path: Path) -> None:
    first = SigningKey.create(path).public_key
    with pytest.raises(KeysRefusedError, match="exists"):
        SigningKey.create(path)
    assert SigningKey.load(path).public_key == first
    with pytest.raises(KeysRefusedError, match="cannot be written"):
        SigningKey.create(path / "below.pem")


def test_what_holds_no_such_key_is_refused_without_a_word_of_it(path: Path) -> None:
    with pytest.raises(KeysRefusedError, match="cannot be read"):
        SigningKey.load(path)
    other_curve = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"\x00secret", other_curve):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeysRefusedError, match="holds no key") as error:
            SigningKey.load(path)
        assert "secret" not in str(error.value)


def test_a_public_key_is_read_as_it_is_shown(path: Path) -> None:
    public = SigningKey.create(path).public_key
    assert shown(public).startswith("ed25519:")
    assert read_public(f" {shown(public)}\n") == public
    assert read_public("ed25519:no key at all!") == b""
    assert read_public("ed25519:é") == b""
