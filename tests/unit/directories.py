"""The shipped directory, and changed copies of it."""

from functools import lru_cache

from pipeline.data import deployed
from pipeline.domain.centre_files import FILES, read_book
from pipeline.domain.centres import CentreBook


@lru_cache(maxsize=1)
def shipped_texts() -> dict[str, str]:
    return {name: deployed("directory").joinpath(name).read_text("utf-8") for name in FILES}


@lru_cache(maxsize=1)
def shipped() -> CentreBook:
    return read_book(shipped_texts())


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The shipped texts with one place changed; it must be there."""
    texts = dict(shipped_texts())
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new, 1)
    return texts


def with_cell(code: str, **cells: str) -> dict[str, str]:
    """The shipped texts with cells of one centre changed."""
    texts = dict(shipped_texts())
    head, *lines = texts["centres.csv"].splitlines()
    columns = head.split(",")
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{code},"))
    row = dict(zip(columns, lines[at].split(","), strict=True)) | cells
    lines[at] = ",".join(row[column] for column in columns)
    texts["centres.csv"] = "\n".join([head, *lines]) + "\n"
    return texts


def line_of(code: str) -> int:
    lines = shipped_texts()["centres.csv"].splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f"{code},"))
