"""Where everything of one local installation lies, below one data folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.errors import LocalError

PRIVATE_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Folders:
    """The paths below one data folder; `root` is absolute."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def jars(self) -> Path:
        return self.kafka / "libs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    def log_of(self, name: str) -> Path:
        return self.log / f"{name}.log"


def open_folders(root: Path) -> Folders:
    """The folders below `root`, made for our eyes only where missing; LocalError when they belong to somebody else."""
    folders = Folders(root.absolute())
    try:
        folders.root.mkdir(mode=PRIVATE_MODE, parents=True, exist_ok=True)
        for folder in (folders.log, folders.run, folders.kafka, folders.postgres):
            folder.mkdir(mode=PRIVATE_MODE, exist_ok=True)
    except OSError as error:
        raise LocalError(f"the data folder {folders.root} cannot be used: {error.strerror}") from error
    if not os.access(folders.run, os.W_OK | os.X_OK):
        raise LocalError(f"the data folder {folders.root} belongs to another user")
    return folders


def write_atomically(path: Path, text: str) -> None:
    """Put `text` into `path` so that a reader sees the old content or the new one, never a part."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
