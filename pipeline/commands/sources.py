"""The registered sources: a bureau's file, or the ones that are shipped."""

from pathlib import Path

from pipeline import data
from pipeline.commands.lines import FileRefusedError
from pipeline.domain.directory import Directory, load_directory


def directory_of(file: Path | None) -> Directory:
    """Raises FileRefusedError, naming the line of a row that cannot be used."""
    try:
        return load_directory(file.read_text("utf-8") if file else data.table("sources.csv"))
    except OSError as error:
        raise FileRefusedError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileRefusedError(f"{file} is not UTF-8") from error
    except ValueError as error:
        raise FileRefusedError(f"{file}: {error}") from error
