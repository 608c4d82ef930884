"""SQL is source: each file of `queries/` holds statements under names, `-- name: …`, each with its reason."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (?P<name>[a-z_]+)$", re.MULTILINE)


class Queries:
    """The statements of one file. Asking for a name that is not there raises KeyError."""

    def __init__(self, text: str) -> None:
        parts = _NAME.split(text)
        names, bodies = parts[1::2], parts[2::2]
        self._statements: dict[str, str] = dict(zip(names, (body.strip() for body in bodies), strict=True))
        if len(self._statements) != len(names):
            raise ValueError("two statements have one name")

    @classmethod
    def of(cls, file: str) -> "Queries":
        return cls((files("pipeline.adapters.postgres") / "queries" / f"{file}.sql").read_text("utf-8"))

    def __getitem__(self, name: str) -> str:
        return self._statements[name]
