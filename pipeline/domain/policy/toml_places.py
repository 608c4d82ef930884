"""Says on which line each value of a TOML text stands: of every table, every key and every item of a list."""

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:\s|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_PART = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[A-Za-z0-9_-]+")
_TEXT = re.compile(r"\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'", re.DOTALL)
_PLAIN = re.compile(r"[^,\]}\n#]*")


def places_in(text: str) -> Mapping[Path, int]:
    """The line, from 1, of each path of a text that is TOML."""
    scan = _Scan(text)
    scan.document()
    return scan.found


class _Scan:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._table: Path = ()
        self._rows: dict[Path, int] = {}

    def document(self) -> None:
        self._skip(_SPACE)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                self._header()
            else:
                self._pair(self._table)
            self._skip(_SPACE)

    def _header(self) -> None:
        self._mark(())
        is_row = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_row else 1
        names = self._key()
        self._at = self._text.index("]", self._at) + (2 if is_row else 1)
        self._table = self._resolved(names, is_row=is_row)
        self.found.setdefault(self._table, line)

    def _resolved(self, names: tuple[str, ...], *, is_row: bool) -> Path:
        path: Path = ()
        for place, name in enumerate(names, 1):
            path = (*path, name)
            if place == len(names) and is_row:
                self._mark(path)
                self._rows[path] = self._rows.get(path, -1) + 1
            if path in self._rows:
                path = (*path, self._rows[path])
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for name in self._key():
            path = (*path, name)
            self.found.setdefault(path, line)
        self._at = self._text.index("=", self._at) + 1
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case "[":
                self._items(path, "]")
            case "{":
                self._items(path, "}")
            case '"' | "'":
                self._skip(_TEXT)
            case _:
                self._skip(_PLAIN)

    def _items(self, path: Path, end: str) -> None:
        """The items of a list, or the pairs of an inline table."""
        self._at += 1
        self._skip(_SPACE)
        place = 0
        while self._text[self._at] != end:
            if end == "]":
                self._mark((*path, place))
                self._value((*path, place))
                place += 1
            else:
                self._pair(path)
            self._skip(_SPACE)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_SPACE)
        self._at += 1

    def _key(self) -> tuple[str, ...]:
        names: list[str] = []
        while True:
            self._skip(_BLANK)
            part = _PART.match(self._text, self._at)
            if part is None:
                return tuple(names)
            names.append(part[0].strip("\"'"))
            self._at = part.end()
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return tuple(names)
            self._at += 1

    def _skip(self, what: re.Pattern[str]) -> None:
        if found := what.match(self._text, self._at):
            self._at = found.end()

    def _mark(self, path: Path) -> None:
        self.found.setdefault(path, self._line())

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
