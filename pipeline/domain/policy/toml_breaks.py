"""Finds every line that is no TOML, not only the first, and takes as little as can be with it."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BEGIN = re.compile(r"[ \t]*(?:\[\[?[ \t]*[\w.\"-]+[ \t]*\]?\]?[ \t]*(?:#.*)?$|[\w.\"-]+[ \t]*=)")
_SINGLE = re.compile(r"[ \t]*\[[ \t]*(\w+)[ \t]*\][ \t]*(?:#.*)?$")
_HEADER = re.compile(r"[ \t]*\[")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_BARE = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\"'#])*")
_WORD = re.compile(r"\b(?:code|name)\s*=\s*[\"']([a-z0-9_]+)[\"']")
_SHOUTED = re.compile(r"=\s*(?:True|False|TRUE|FALSE|[Yy]es|[Nn]o|YES|NO)\b")
_KEY = re.compile(r"[ \t]*([\w-]+)[ \t]*=")
ROUNDS_MAX = 200
DEPTH_MAX = 40
"""Brackets inside brackets. Nobody reads more, and the reader itself has an end."""
_DOTTED = re.compile(rf"(?:[\w\"'-]+\s*\.\s*){{{DEPTH_MAX},}}")
_LONG = re.compile(r"(?:\d_?){100,}")
TOO_LONG = "this number has too many digits"
TOO_DEEP = "too many brackets inside brackets: give parts a name under [[rule]]"


@dataclass(slots=True)
class Mended:
    """Lines of which those that are no TOML were emptied. `breaks`: line and words. `emptied`: every line so lost."""

    lines: list[str]
    breaks: list[tuple[int, str]] = field(default_factory=list)
    emptied: dict[int, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def lost_words(self) -> frozenset[str]:
        """Codes and names of rows that are gone with these lines."""
        return frozenset(word for line in self.emptied.values() for word in _WORD.findall(line))

    def lost_keys(self) -> Iterator[tuple[int, str]]:
        """Keys that are gone, each with the line where it stood."""
        for number, line in self.emptied.items():
            if found := _KEY.match(line):
                yield number, found[1]

    def empty(self, first: int, end: int) -> None:
        """Lines from `first`, before `end`, both from 0."""
        for place in range(first, end):
            if self.lines[place].strip():
                self.emptied[place + 1] = self.lines[place]
            self.lines[place] = ""


def mended(text: str, row_tables: Collection[str] = ()) -> Mended:
    """The same text where it is TOML. `row_tables` are those whose rows have headers of their own, [[name]]."""
    mend = Mended(text.replace("\r\n", "\n").split("\n"))
    _double(mend, row_tables)
    if _error(mend.lines) is None:
        return mend
    for first, end in list(_statements(mend.lines)):
        _mend_statement(mend, first, end)
    for _ in range(ROUNDS_MAX):
        error = _error(mend.lines)
        if error is None:
            return mend
        number, words = error
        first, end = next(((f, e) for f, e in _statements(mend.lines) if f <= number < e), (number, number + 1))
        mend.breaks.append((number + 1, _plainly(words, mend.lines[number])))
        mend.empty(first, _end_of_table(mend.lines, first, end))
    return Mended([""], mend.breaks)


def _double(mend: Mended, row_tables: Collection[str]) -> None:
    """A header with one bracket where two are wanted."""
    for place, line in enumerate(mend.lines):
        if (found := _SINGLE.match(line)) and found[1] in row_tables:
            mend.breaks.append((place + 1, f"a row of {found[1]} begins with [[{found[1]}]]"))
            mend.lines[place] = f"[[{found[1]}]]"


def _error(lines: Sequence[str]) -> tuple[int, str] | None:
    """The place of the first line, from 0, that is no TOML, and the reader's words for it."""
    if (deep := _too_deep(lines)) is not None:
        return deep, TOO_DEEP
    if (long := next((p for p, line in enumerate(lines) if _LONG.search(_bare(line))), None)) is not None:
        return long, TOO_LONG
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        place = int(found[1]) - 1 if found and found[1] else len(lines) - 1
        return min(place, len(lines) - 1), str(error)[: found.start()] if found else str(error)
    return None


def _bare(line: str) -> str:
    """Without what stands in texts and in remarks."""
    return _TEXT.sub('""', line).partition("#")[0]


def _too_deep(lines: Sequence[str]) -> int | None:
    depth = 0
    for place, line in enumerate(lines):
        bare = _bare(line)
        if _DOTTED.search(bare):
            return place
        depth = 0 if _HEADER.match(line) and depth < DEPTH_MAX else depth
        for sign in bare:
            depth += (sign in "[{") - (sign in "]}")
            if depth > DEPTH_MAX:
                return place
    return None


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Headers and keys with their values: from a line to before another."""
    begins, depth = [], 0
    for place, line in enumerate(lines):
        if _BEGIN.match(line) and (depth <= 0 or line[:1] not in " \t"):
            begins.append(place)
            depth = 0
        depth += 0 if _HEADER.match(line) and begins and begins[-1] == place else _depth(line)
    yield from pairwise((*begins, len(lines)))


def _mend_statement(mend: Mended, first: int, end: int) -> None:
    for _ in range(ROUNDS_MAX):
        error = _error(mend.lines[first:end])
        if error is None:
            return
        place, words = first + error[0], error[1]
        if (last := _unclosed_list(mend.lines, first, end)) is not None:
            mend.breaks.append((first + 1, "the bracket that is opened here is not closed"))
            mend.lines[last] = _closed(mend.lines[last])
            continue
        if (before := _without_comma(mend.lines, first, place)) is not None:
            mend.breaks.append((before + 1, "a comma is missing at the end of this row"))
            mend.lines[before] = f"{mend.lines[before].rstrip()},"
            continue
        row = next(((f, e) for f, e in _rows(mend.lines, first, end) if f <= place < e), None)
        if row is not None:
            mend.breaks.append(
                (_odd_line(mend.lines, *row, place) + 1, _plainly(words, "".join(mend.lines[slice(*row)])))
            )
            mend.empty(*row)
            continue
        is_open = sum(map(_depth, mend.lines[first:end])) > 0 and end - first > 1
        told = "a bracket that is opened from here on is not closed" if is_open else _plainly(words, mend.lines[place])
        mend.breaks.append(((first if is_open else place) + 1, told))
        mend.empty(first, _end_of_table(mend.lines, first, end))
        return


def _closed(line: str) -> str:
    """With a bracket at its end, before a comment: behind the sign # it would close nothing."""
    told = _BARE.match(line)
    return f"{line[: told.end()] if told else line} ]"


def _unclosed_list(lines: Sequence[str], first: int, end: int) -> int | None:
    """The last row of a list that lacks nothing but its closing bracket."""
    rows = [place for place in range(first + 1, end) if lines[place].strip() and lines[place].strip()[0] != "#"]
    is_one = lines[first].partition("#")[0].rstrip().endswith("[") and _depth(lines[first]) == 1
    return rows[-1] if is_one and rows and all(_depth(lines[place]) == 0 for place in rows) else None


def _without_comma(lines: Sequence[str], first: int, place: int) -> int | None:
    """The row above this place, if it lacks the comma at its end."""
    above = next((p for p in range(place - 1, first, -1) if lines[p].strip() and lines[p].strip()[0] != "#"), None)
    here = lines[place].lstrip()
    return above if above is not None and here[:1] in {"{", '"'} and lines[above].rstrip()[-1] in '}"' else None


def _rows(lines: Sequence[str], first: int, end: int) -> Iterator[tuple[int, int]]:
    """The rows of a list of tables, each with lines of its own."""
    begins = [place for place in range(first + 1, end) if lines[place].lstrip().startswith("{")]
    last = next((place for place in range(end - 1, first, -1) if lines[place].strip()), end)
    closing = last if lines[last:] and lines[last].lstrip().startswith("]") else end
    if begins and all(_depth(line) <= 1 for line in lines[first : first + 1]):
        yield from pairwise((*begins, closing))


def _odd_line(lines: Sequence[str], first: int, end: int, place: int) -> int:
    return place if first <= place < end and lines[place].strip() else first


def _end_of_table(lines: Sequence[str], first: int, end: int) -> int:
    """Where a header is lost, its keys must not fall to the table above."""
    if not _HEADER.match(lines[first]):
        return end
    return next((f for f, _ in _statements(lines) if f > first and _HEADER.match(lines[f])), len(lines))


_SAID = (
    ("Cannot overwrite", "this key is there twice"),
    ("Cannot mutate", "this key is there twice"),
    ("Duplicate inline", "this key is there twice"),
    ("Cannot declare", "this table is there twice"),
    (TOO_DEEP, TOO_DEEP),
    (TOO_LONG, TOO_LONG),
)


def _plainly(words: str, line: str) -> str:
    bare = _bare(line)
    wide = next((c for c in bare if not c.isascii()), "")
    if wide and not _is_word(wide):
        return f"{wide} may stand only inside a text: type the plain sign, half-width"
    if bare.count('"') % 2 or bare.count("'") % 2:
        return "a quotation mark is missing"
    if wide:
        return f"a text stands between quotation marks: {wide} does not"
    if _SHOUTED.search(bare):
        return "write true or false"
    told = next((said for begins, said in _SAID if words.startswith(begins)), None)
    return told or f"this is not TOML: {words[:1].lower()}{words[1:]}"


def _is_word(sign: str) -> bool:
    """Whether it is a letter that has no half-width form."""
    return unicodedata.category(sign).startswith("L") and not unicodedata.normalize("NFKC", sign).isascii()


def _depth(line: str) -> int:
    bare = _bare(line)
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")
