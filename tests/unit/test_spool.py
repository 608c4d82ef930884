from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.adapters.spool import Spool
from pipeline.adapters.vault import new_key
from pipeline.domain.intake import Post
from pipeline.errors import KeysRefusedError, NotTakenError, UnavailableError

MARK = "王大明機密".encode()
KEY = new_key()


def post(value: bytes = MARK) -> Post:
    return Post("intake.clinic.v1", b"clinic-1", uuid4(), datetime.now(UTC), value)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool", KEY, bytes_max=50_000_000)
    yield opened
    opened.close()


def test_what_was_added_comes_out_in_order_until_it_is_removed(spool: Spool) -> None:
    told = [post(b"%d" % n) for n in range(5)]
    spool.add(told[:2])
    spool.add(told[2:])
    numbers, found = zip(*spool.oldest(10), strict=True)
    assert list(found) == told
    spool.remove(numbers[:3])
    assert [p for _, p in spool.oldest(1)] == told[3:4]
    assert spool.waiting()[0] == 2


def test_whoever_adds_at_the_same_moment_each_of_them_is_there(spool: Spool) -> None:
    told = [post() for _ in range(400)]
    with ThreadPoolExecutor(50) as threads:
        for _ in threads.map(lambda p: spool.add([p]), told):
            pass
        drained = list(threads.map(lambda _: spool.waiting()[0], range(10)))
    assert set(drained) == {400}
    assert {p.event_key for _, p in spool.oldest(1000)} == {p.event_key for p in told}


def test_an_id_that_comes_again_with_another_content_loses_neither(spool: Spool) -> None:
    one = post()
    other = replace(one, value=b"something else")
    spool.add([one])
    spool.add([other])
    spool.add([one])
    assert [p for _, p in spool.oldest(10)] == [one, other]


def test_it_outlives_its_process_and_tells_nothing_without_its_key(tmp_path: Path) -> None:
    first = Spool(tmp_path, KEY, bytes_max=50_000_000)
    told = [post() for _ in range(3)]
    first.add(told)
    assert MARK not in b"".join(f.read_bytes() for f in tmp_path.iterdir())
    with pytest.raises(UnavailableError):
        Spool(tmp_path, KEY, bytes_max=50_000_000)
    first.close()
    with pytest.raises(KeysRefusedError):
        Spool(tmp_path, new_key(), bytes_max=50_000_000)
    second = Spool(tmp_path, KEY, bytes_max=50_000_000)
    assert [p for _, p in second.oldest(10)] == told
    second.close()


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    small = Spool(tmp_path, KEY, bytes_max=1_000_000)
    small.add([post()])
    with pytest.raises(NotTakenError, match="full"):
        small.add([post(b"x" * 1_000_000)])
    small.add([post()])
    assert small.waiting()[0] == 2
    small.close()


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    Spool(tmp_path / "spool", KEY, bytes_max=1_000_000).close()
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
    assert all(f.stat().st_mode & 0o077 == 0 for f in (tmp_path / "spool").iterdir())
