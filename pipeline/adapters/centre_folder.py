"""Where a directory lies: the shipped one, or a bureau's own folder."""

from pathlib import Path

from pipeline.data import deployed
from pipeline.domain.centre_files import FILES, read_book
from pipeline.domain.centres import CentreBook, CentresRefusedError, Fault


def read_folder(folder: Path | None = None) -> CentreBook:
    """Raises CentresRefusedError with all that will not do; a file that is not there is one of these."""
    found = folder or deployed("directory")
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for name in FILES:
        try:
            texts[name] = found.joinpath(name).read_text("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            faults.append(Fault(name, line, "this is not UTF-8: in Excel, save it as CSV UTF-8"))
        except OSError as error:
            faults.append(Fault(name, 1, f"this file cannot be read: {error.strerror}"))
    if faults:
        raise CentresRefusedError(faults)
    return read_book(texts)
