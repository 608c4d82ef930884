"""Who tells: invented sources of all kinds in every town of a world."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.domain.directory import Source
from pipeline.domain.kinds import kinds
from pipeline.local.bench import people
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.mix import Shares
from pipeline.local.bench.places import Town

HOTLINES = {"hotline-113": 0.86, "hotline-1957": 0.1, "hotline-mens": 0.04}
OF_A_COUNTY = {"clinic": 12, "police": 4, "pharmacy": 6}
OF_A_TOWN = {"school": 3, "kindergarten": 2, "village-office": 3, "safety-site": 4}
COLUMNS = ("source", "kind", "role", "county")


class Teller(NamedTuple):
    """A source and its own telephone, which it may give instead of a person's."""

    source: Source
    phone: str


class Register:
    """All sources, and which of them could know of what happens in a town."""

    def __init__(self, chance: Chance, towns: Sequence[Town], shares: Shares) -> None:
        self._chance, self._shares = chance, shares
        self._near: defaultdict[tuple[str, str], list[Teller]] = defaultdict(list)
        self._national = [self._teller(code, "hotline", "臺北市") for code in HOTLINES]
        self._form = self._teller("national-form-1", "national-form", "臺北市")
        for county in dict.fromkeys(t.county for t in towns):
            for kind, count in OF_A_COUNTY.items():
                self._enrol(kind, county, county, next(t.code[:5] for t in towns if t.county == county), count)
        for town in towns:
            for kind, count in OF_A_TOWN.items():
                self._enrol(kind, town.code, town.county, town.code, count)

    def sources(self) -> tuple[Source, ...]:
        local = (teller.source for tellers in self._near.values() for teller in tellers)
        return (*(t.source for t in self._national), self._form.source, *local)

    def teller(self, town: Town) -> Teller:
        kind = self._chance.weighted(self._shares)
        if kind == "hotline":
            return self._chance.choices(self._national, tuple(HOTLINES.values()))[0]
        if kind == "national-form":
            return self._form
        return self._chance.choice(self._near[kind, town.county if kind in OF_A_COUNTY else town.code])

    def _enrol(self, kind: str, where: str, county: str, code: str, count: int) -> None:
        for number in range(1, count + 1):
            self._near[kind, where].append(self._teller(f"{kind}-{code}-{number}", kind, county, is_local=True))

    def _teller(self, code: str, kind: str, county: str, *, is_local: bool = False) -> Teller:
        source = Source(code, kind, kinds()[kind].role, county if is_local else None)
        return Teller(source, people.landline(self._chance, county))


def as_csv(sources: Sequence[Source]) -> str:
    """As `--sources-file` reads it."""
    rows = (",".join((s.code, s.kind, s.role, s.county or "")) for s in sources)
    return "\n".join((",".join(COLUMNS), *rows, ""))
