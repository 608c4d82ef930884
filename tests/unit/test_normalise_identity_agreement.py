import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.identity import (
    Identity,
    IdentityAgreement,
    compare_identities,
    read_identity,
    read_national_id,
)


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("A123456789", Identity("A123456789", valid=True)),
        ("Ａ123-456-789", Identity("A123456789", valid=True)),
        ("hd12345678", Identity("HD12345678", valid=True)),
        ("A1234S6789", None),
        ("AI23456789", Identity("A123456789", valid=True, repaired=True)),
        ("A123456788", Identity("A123456788", valid=False)),
        ("A12345678", Identity("A12345678", valid=False)),
        ("A12****789", Identity("A12****789", valid=False)),
        ("A12○○○○789", Identity("A12****789", valid=False)),
        ("A12xxxx789", Identity("A12****789", valid=False)),
        ("A12OOOO789", Identity("A12****789", valid=False)),
        ("A*********", None),
        ("不詳", None),
        ("123", None),
    ],
)
def test_a_number_is_read_even_where_it_is_hidden_or_wrong(written: str, identity: Identity | None) -> None:
    assert read_identity(written) == identity


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("A123456789", "a123456789", "equal"),
        ("A123456789", "A123465789", "swapped"),
        ("A123456789", "A123456786", "one_off"),
        ("A123456789", "A12345679", "one_off"),
        ("A123456789", "B123456789", "one_off"),
        ("A123456789", "A12****789", "mask_fits"),
        ("A123456789", "A13****789", "different"),
        ("A123456789", "A234567893", "different"),
        ("A123456789", "A123456798", "neighbour"),
        ("A123456789", "不詳", "unknown"),
    ],
)
def test_numbers_agree_as_far_as_they_do(one: str, other: str, agreement: str) -> None:
    a, b = read_identity(one), read_identity(other)
    assert compare_identities(a, b) is compare_identities(b, a) is IdentityAgreement(agreement)


def test_the_number_of_the_examples_is_known_as_one() -> None:
    assert Identity("A123456789", valid=True).is_specimen
    assert not Identity("F131104093", valid=True).is_specimen


@given(st.text() | st.text("A12345679*xXO○ -", max_size=12))
def test_a_number_is_read_the_same_way_twice_and_holds_where_it_says_so(written: str) -> None:
    identity = read_identity(written)
    if identity:
        assert read_identity(identity.text) == identity._replace(repaired=False)
        assert identity.valid is (read_national_id(identity.text) == identity.text)
