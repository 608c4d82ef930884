"""Who may ask and rule at the desk: tokens by staff codes. A token is shown once, when it is drawn."""

import sys

from pipeline.adapters import staff
from pipeline.settings import Settings


def add(settings: Settings, code: str) -> None:
    """Raises RulingRefusedError for what is no staff code, KeysRefusedError for a file that will not do."""
    token = staff.add(settings.staff_file, code)
    sys.stdout.write(f"token: {token}\nkeep it now: it is not shown again\n")


def remove(settings: Settings, code: str) -> int:
    """0 when there was one, else 1."""
    if staff.remove(settings.staff_file, code):
        sys.stdout.write(f"{code} opens the desk no more\n")
        return 0
    sys.stderr.write(f"anwang: nobody has the staff code {code}\n")
    return 1
