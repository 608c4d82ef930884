"""Backups of case keys as files: whole or not there, and gone after seven days."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.adapters.key_backups import KEPT_FOR, KeyBackupRefusedError, lines_of, new_backup, prune

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(folder: Path, at: datetime = NOW) -> Path:
    with new_backup(folder, at) as (path, file):
        file.write(b'{"case_key":{}}\n{"end":{}}\n')
        assert not path.exists()
    return path


def test_a_backup_is_for_its_owner_alone_and_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "new")
    assert path.name == "case-keys-20260302T120000Z.ndjson.gz"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(lines_of(path)) == [[{"case_key": {}}, {"end": {}}]]
    with pytest.raises(ZeroDivisionError), new_backup(tmp_path, NOW) as (cut, _):
        raise ZeroDivisionError
    assert not cut.exists()


def test_after_seven_days_it_goes_and_nothing_else_does(tmp_path: Path) -> None:
    kept, gone = written(tmp_path, NOW - KEPT_FOR), written(tmp_path, NOW - KEPT_FOR - timedelta(seconds=1))
    torn = gone.with_name(gone.name + ".part")
    others = [tmp_path / name for name in ("case-keys-20200101.ndjson.gz", "x-case-keys-20200101T000000Z.ndjson.gz")]
    for path in (torn, *others):
        path.touch()
    assert set(prune(tmp_path, NOW)) == {gone, torn}
    assert set(tmp_path.iterdir()) == {kept, *others}


def test_a_file_that_is_no_whole_backup_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path).read_bytes()
    for number, content in enumerate((whole[:-9], b"", b"text", gzip.compress(b"text\n"))):
        path = tmp_path / str(number)
        path.write_bytes(content)
        if content:
            with pytest.raises(KeyBackupRefusedError, match="no whole backup"):
                list(lines_of(path))
        else:
            assert list(lines_of(path)) == [[]], "without its last line a store does not take it"
