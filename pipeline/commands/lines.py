"""Lines of a file or of standard input."""

from collections.abc import Iterator
from itertools import chain

from pipeline.errors import AnwangError

STANDARD_INPUT = "-"
BLOCK_BYTES = 1024 * 1024


class FileRefusedError(AnwangError):
    """A file cannot be read; the text names it and why."""


Line = tuple[int, bytes]
"""The number, from 1, and the bytes without the line's end."""


def lines_of(file: str) -> Iterator[Line]:
    """Each line that is not blank. Raises FileRefusedError."""
    return chain.from_iterable(blocks_of(file))


def blocks_of(file: str) -> Iterator[list[Line]]:
    """The same lines in blocks: what is there is handed out before more is waited for."""
    number, parts = 0, [b""]
    for read in _reads(file):
        *ended, begun = read.split(b"\n")
        if ended:
            lines = [b"".join([*parts, ended[0]]), *ended[1:]]
            numbered = [(n, line.removesuffix(b"\r")) for n, line in enumerate(lines, number + 1) if line.strip()]
            number += len(lines)
            parts = []
            if numbered:
                yield numbered
        parts.append(begun)
    if (last := b"".join(parts)).strip():
        yield [(number + 1, last)]


def _reads(file: str) -> Iterator[bytes]:
    try:
        with open(0 if file == STANDARD_INPUT else file, "rb", closefd=file != STANDARD_INPUT) as source:
            while read := source.read1(BLOCK_BYTES):
                yield read
    except OSError as error:
        raise FileRefusedError(f"{file} cannot be read: {error.strerror}") from error
