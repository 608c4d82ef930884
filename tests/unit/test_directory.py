import pytest

from pipeline.contracts.vocabulary import ReporterRole
from pipeline.data import table
from pipeline.domain.directory import Source, load_directory

HEAD = "source,kind,role,county\n"


def test_a_source_is_found_by_its_code() -> None:
    directory = load_directory(f"{HEAD}clinic-1,clinic,medical,台中市\nhotline-1,hotline,hotline_worker,\n")
    assert directory.find("clinic-1") == Source("clinic-1", "clinic", ReporterRole.MEDICAL, "臺中市")
    assert directory.find("hotline-1") == Source("hotline-1", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)
    assert directory.find("nobody") is None


def test_two_codes_that_would_write_to_one_own_topic_are_known_for_it() -> None:
    directory = load_directory(f"{HEAD}hotline-113,hotline,hotline_worker,\nclinic-1,clinic,medical,\n")
    twin, clinic = (
        Source(code, kind, ReporterRole.MEDICAL, own_topic=own)
        for code, kind, own in (("113", "hotline", True), ("clinic-2", "clinic", False))
    )
    assert directory.same_own_topic(twin) == directory.find("hotline-113")
    assert directory.same_own_topic(clinic) is None
    assert directory.same_own_topic(directory.sources["hotline-113"]) is None


def test_the_sources_of_the_package_can_be_read() -> None:
    assert len(load_directory(table("sources.csv")).sources) == 214


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "columns"),
        ("source,kind\na,b\n", "columns"),
        (f"{HEAD},clinic,medical,\n", "line 2"),
        (f"{HEAD}a,clinic,medical,\na,clinic,medical,\n", "line 3.*twice"),
        (f"{HEAD}a,clinic,wizard,\n", "role"),
        (f"{HEAD}a,clinic,medical,東京都\n", "county"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_directory(text)
