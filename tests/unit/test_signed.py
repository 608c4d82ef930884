"""What the header of a signature may say, and that a key verifies its own signatures alone."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from pipeline.adapters.signatures import read_public_key, verifier
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import Refusal, Told, certificate_fault
from pipeline.domain.signed import (
    KID,
    SIGNATURE_CHARACTERS_MAX,
    SignatureFault,
    SignatureHeader,
    read_header,
    signature_fault,
)
from pipeline.domain.source_keys import SourceCertificate, SourceKey
from pipeline.errors import RegisterRefusedError

NOW = datetime(2026, 3, 5, tzinfo=UTC)
CLINIC = Source("clinic-1", "clinic", ReporterRole.MEDICAL, signature_due=True)
SCHOOL = Source("school-1", "school", ReporterRole.EDUCATION)
GOOD = {"alg": "EdDSA", "kid": "k-1", "b64": False, "crit": ["b64"]}
NO_KIDS = ("", ".", "../k-1", "a/b", "a\\b", "k 1", "k\n1", "k'--", "鑰匙", "x" * 129, 7, None)
OKP, EC = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")


def encoded(told: Any) -> str:  # noqa: ANN401 - any JSON
    text = told if isinstance(told, str) else json.dumps(told)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def detached(told: Any) -> str:  # noqa: ANN401 - any JSON
    return f"{encoded(told)}..c2ln"


def jwk_of(key: OKPKey | ECKey) -> dict[str, str]:
    told = key.as_dict(private=False)
    return {name: str(told[name]) for name in ("kty", "crv", "x", "y") if name in told}


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256"])
def test_a_header_names_an_algorithm_and_a_key(algorithm: str) -> None:
    told = GOOD | {"alg": algorithm, "typ": "JOSE"}
    assert read_header(detached(told)) == SignatureHeader(algorithm, "k-1")


@pytest.mark.parametrize("algorithm", ["none", "NONE", "HS256", "RS256", "ES384", "ES256K", "Ed448", "eddsa", ""])
def test_no_other_algorithm_is_looked_at(algorithm: str) -> None:
    assert read_header(detached(GOOD | {"alg": algorithm})) is SignatureFault.ALGORITHM


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        None,
        {n: v for n, v in GOOD.items() if n != "alg"},
        {n: v for n, v in GOOD.items() if n != "kid"},
        {n: v for n, v in GOOD.items() if n != "b64"},
        {n: v for n, v in GOOD.items() if n != "crit"},
        GOOD | {"b64": True},
        GOOD | {"b64": 0},
        GOOD | {"crit": []},
        GOOD | {"crit": ["b64", "exp"]},
        GOOD | {"alg": ["EdDSA"]},
        GOOD | {"jwk": {"kty": "OKP"}},
        GOOD | {"jku": "https://127.0.0.1/keys"},
        GOOD | {"x5u": "https://127.0.0.1/keys"},
        *(GOOD | {"kid": kid} for kid in NO_KIDS),
        '{"alg":"EdDSA","kid":"k-1","kid":"k-2","b64":false,"crit":["b64"]}',
        '{"alg":"EdDSA","kid":"k-1","b64":false,"crit":["b64"]} ',
        "[" * 5000,
    ],
    ids=str,
)
def test_a_header_that_says_anything_else_is_none(told: Any) -> None:  # noqa: ANN401 - any JSON
    expected = SignatureFault.UNREADABLE
    if isinstance(told, str) and told.endswith(" "):
        assert read_header(detached(told)) == SignatureHeader("EdDSA", "k-1")
        return
    assert read_header(detached(told)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..",
        "..a",
        f"{encoded(GOOD)}.cGF5.c2ln",
        f"{encoded(GOOD)}..c2ln..c2ln",
        f"{encoded(GOOD)}..c2=n",
        f" {detached(GOOD)}",
        f"{detached(GOOD)}\n",
        f"{encoded(GOOD)}..{'a' * SIGNATURE_CHARACTERS_MAX}",
    ],
)
def test_what_is_no_detached_signature_is_unreadable(text: str) -> None:
    assert read_header(text) is SignatureFault.UNREADABLE


@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(detached))
def test_any_text_is_a_header_or_a_fault_and_never_an_error(text: str) -> None:
    found = read_header(text)
    assert isinstance(found, SignatureFault) or KID.fullmatch(found.kid)


@given(kid=st.from_regex(KID, fullmatch=True))
def test_what_a_key_may_be_called_is_read_as_it_is(kid: str) -> None:
    assert read_header(detached(GOOD | {"kid": kid})) == SignatureHeader("EdDSA", kid)


@given(value=st.text().map(str.encode), other=st.binary())
def test_a_key_verifies_the_very_bytes_that_it_signed_and_no_others(value: bytes, other: bytes) -> None:
    for key, algorithm, stranger in ((OKP, "EdDSA", EC), (EC, "ES256", OKP)):
        header = {"alg": algorithm, "kid": "k", "b64": False, "crit": ["b64"]}
        whole = jws.serialize_compact(header, value, key, algorithms=[algorithm])
        signature = f"{whole.split('.')[0]}..{whole.rpartition('.')[2]}"
        assert verifier(jwk_of(key))(signature, value)
        assert verifier(jwk_of(key))(signature, other) is (other == value)
        assert not verifier(jwk_of(stranger))(signature, value)


def test_a_public_key_used_as_an_hmac_secret_verifies_nothing_even_if_a_header_said_so() -> None:
    value = b'{"id": 1}'
    for key in (OKP, EC):
        secret = OctKey.import_key({"kty": "oct", "k": key.as_dict(private=False)["x"]})
        signature = jws.serialize_compact(GOOD | {"alg": "HS256"}, value, secret, algorithms=["HS256"])
        assert not verifier(jwk_of(key))(signature, value)
        assert not verifier(jwk_of(key))(f"{encoded(GOOD | {'alg': 'none'})}..", value)


def key(source: Source, kid: str, *, is_right: bool = True, revoked_at: datetime | None = None) -> SourceKey:
    return SourceKey(source.code, kid, revoked_at, lambda _signature, _value: is_right)


def directory(*keys: SourceKey, certificates: tuple[SourceCertificate, ...] = ()) -> Directory:
    found = Directory(MappingProxyType({s.code: s for s in (CLINIC, SCHOOL)}))
    return found.with_proofs(keys, certificates)


def certified(bb_ends: datetime | None = None) -> Directory:
    certificates = SourceCertificate("clinic-1", "aa", None), SourceCertificate("school-1", "bb", bb_ends)
    return directory(certificates=certificates)


def told(signature: str | None, headers: tuple[tuple[str, bytes], ...] = ()) -> Told:
    return Told(b"{}", headers, None, signature)


def test_a_signature_is_due_only_where_it_is_due_and_holds_wherever_it_stands() -> None:
    right, wrong = directory(key(CLINIC, "k-1")), directory(key(SCHOOL, "k-1", is_right=False))
    assert signature_fault(told(None), CLINIC, right, NOW) is SignatureFault.MISSING
    assert signature_fault(told(None), SCHOOL, right, NOW) is None
    assert signature_fault(told(detached(GOOD)), CLINIC, right, NOW) is None
    assert signature_fault(told(detached(GOOD)), SCHOOL, wrong, NOW) is SignatureFault.WRONG
    assert signature_fault(told(""), SCHOOL, right, NOW) is SignatureFault.UNREADABLE


def test_a_key_is_the_sources_own_and_good_until_it_is_revoked() -> None:
    signed = told(detached(GOOD))
    assert signature_fault(signed, CLINIC, directory(), NOW) is SignatureFault.KEY_UNKNOWN
    assert signature_fault(signed, CLINIC, directory(key(SCHOOL, "k-1")), NOW) is SignatureFault.KEY_OF_ANOTHER_SOURCE
    ended = directory(key(CLINIC, "k-1", revoked_at=NOW))
    assert signature_fault(signed, CLINIC, ended, NOW - timedelta(microseconds=1)) is None
    assert signature_fault(signed, CLINIC, ended, NOW) is SignatureFault.KEY_REVOKED


@pytest.mark.parametrize("name", ["ce_specversion", "CE_SpecVersion"])
def test_attributes_that_stand_in_headers_are_signed_by_nobody(name: str) -> None:
    one = told(detached(GOOD), ((name, b"1.0"),))
    assert signature_fault(one, CLINIC, directory(key(CLINIC, "k-1")), NOW) is SignatureFault.IN_BINARY_MODE


def test_a_certificate_lets_in_its_own_source_until_it_or_the_source_is_revoked() -> None:
    known = directory(
        certificates=(SourceCertificate("clinic-1", "aa", None), SourceCertificate("school-1", "bb", NOW))
    )
    assert known.bearer_of("aa", NOW) == CLINIC
    assert known.bearer_of("bb", NOW - timedelta(days=1)) == SCHOOL
    assert known.bearer_of("bb", NOW) is None
    assert known.bearer_of("cc", NOW) is None
    gone = known.with_sources([Source("clinic-1", "clinic", ReporterRole.MEDICAL, revoked_at=NOW)])
    assert gone.bearer_of("aa", NOW) is None


def test_beside_a_token_a_certificate_is_the_sources_own_or_no_certificate_of_ours() -> None:
    bound = Source("clinic-1", "clinic", ReporterRole.MEDICAL, certificate_due=True)
    known = directory(
        certificates=(SourceCertificate("clinic-1", "aa", None), SourceCertificate("school-1", "bb", None))
    )
    assert certificate_fault("aa", bound, known, NOW) is None
    assert certificate_fault(None, bound, known, NOW) is Refusal.CERTIFICATE_MISSING
    assert certificate_fault("bb", bound, known, NOW) is Refusal.CERTIFICATE_NOT_YOURS
    assert certificate_fault("cc", bound, known, NOW) is Refusal.CERTIFICATE_NOT_YOURS
    assert certificate_fault(None, CLINIC, known, NOW) is None
    assert certificate_fault("cc", CLINIC, known, NOW) is None
    assert certificate_fault("bb", CLINIC, known, NOW) is Refusal.CERTIFICATE_NOT_YOURS


@pytest.mark.parametrize("own", [OKP, EC])
def test_a_key_is_the_same_as_pem_and_as_jwk(own: OKPKey | ECKey, tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_bytes(own.as_pem(private=False))
    (tmp_path / "k.jwk").write_text(json.dumps(own.as_dict(private=False)))
    assert read_public_key(tmp_path / "k.pem") == read_public_key(tmp_path / "k.jwk")
    named = own.as_dict(private=False) | {"kid": "mine", "use": "sig", "alg": "EdDSA"}
    (tmp_path / "k.jwk").write_text(json.dumps(named))
    found = read_public_key(tmp_path / "k.jwk")
    assert (found.kid, found.thumbprint, found.jwk) == ("mine", own.thumbprint(), jwk_of(own))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (OKP.as_pem(private=True), "private"),
        (json.dumps(EC.as_dict(private=True)).encode(), "private"),
        (ECKey.generate_key("P-384").as_pem(private=False), "no public key"),
        (OKPKey.generate_key("X25519").as_pem(private=False), "no public key"),
        (json.dumps({"kty": "oct", "k": "c2VjcmV0"}).encode(), "no public key"),
        (b"[]", "no public key"),
        (b"", "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
    ],
)
def test_what_is_no_public_key_for_signatures_is_refused_plainly(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(RegisterRefusedError, match=said):
        read_public_key(tmp_path / "k")
    with pytest.raises(RegisterRefusedError, match="cannot be read"):
        read_public_key(tmp_path / "nowhere")
