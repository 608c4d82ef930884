"""Looks for marks in every byte of folders, in each form in which a program might have written them down."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

SHORTEST = 6
"""Bytes that a needle needs: shorter ones stand by chance in what is sealed."""


def forms(text: str) -> dict[str, bytes]:
    """The text as it may stand in a file. Of base64, the part that is the same whatever stands around it."""
    plain = text.encode()
    escaped = json.dumps(text)[1:-1]
    told = {
        "utf-8": plain,
        "utf-16le": text.encode("utf-16-le"),
        "utf-16be": text.encode("utf-16-be"),
        "utf-32le": text.encode("utf-32-le"),
        "json": escaped.encode(),
        "JSON": escaped.upper().replace("\\U", "\\u").encode(),
        "repr of bytes": repr(plain)[2:-1].encode(),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "octal": "".join(f"\\{byte:03o}" for byte in plain).encode(),
        "url": quote(text, safe="").encode(),
        "url lower": quote(text, safe="").lower().encode(),
        "json twice": escaped.replace("\\", "\\\\").encode(),
        "html": "".join(f"&#{ord(character)};" for character in text).encode(),
        "html hex": "".join(f"&#x{ord(character):x};" for character in text).encode(),
        "cp950": text.encode("cp950", "ignore"),
    }
    for skipped in range(3):
        begun = base64.b64encode(b"\0" * skipped + plain)[(0, 2, 3)[skipped] :]
        kept = begun[: len(begun) - (0, 3, 2)[(skipped + len(plain)) % 3] - (1 if (skipped + len(plain)) % 3 else 0)]
        told[f"base64 {skipped}"] = kept
        told[f"base64url {skipped}"] = kept.replace(b"+", b"-").replace(b"/", b"_")
    return {form: needle for form, needle in told.items() if len(needle) >= SHORTEST}


def found_in(data: bytes, marks: Mapping[str, str]) -> set[tuple[str, str]]:
    """(mark, form) of what stands there; of forms that are one and the same, the first."""
    needles: dict[bytes, tuple[str, str]] = {}
    for name, text in marks.items():
        for form, needle in forms(text).items():
            needles.setdefault(needle, (name, form))
    return {told for needle, told in needles.items() if needle in data}


def found_below(folder: Path, marks: Mapping[str, str], *, but: str | None = None) -> dict[str, set[tuple[str, str]]]:
    """What stands in which file below a folder; folders and files whose name begins with `but` are left out."""
    read = ((str(path.relative_to(folder)), _written(path)) for path in _files(folder, but))
    return {name: found for name, data in read if (found := found_in(data, marks))}


def _written(path: Path) -> bytes:
    """Without the emptiness that servers keep in advance behind what they wrote; that is most of their bytes."""
    return path.read_bytes().rstrip(b"\0") + b"\0" * 4


def _files(folder: Path, but: str | None) -> Iterator[Path]:
    """Walks past what vanishes meanwhile: a deleted topic's folder is no longer anybody's."""
    for here, folders, files in os.walk(folder):
        if but:
            folders[:] = [name for name in folders if not name.startswith(but)]
        yield from (Path(here) / name for name in files if not (but and name.startswith(but)))
