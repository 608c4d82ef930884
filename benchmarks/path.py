"""The whole path, measured from outside: a backlog, and a steady 100 reports a second.

Run it with `make bench`. Each line is one demo on servers of its own; the figures are those of its last line.
"""

import json
import subprocess
import sys
from typing import Any

RUNS = (("backlog", 10_000, 0), ("100 a second", 6_000, 100))
COLUMNS = ("run", "reports", "reports/s", "p50 ms", "p99 ms", "first row s", "lost", "memory MiB")


def measure(reports: int, rate: int) -> dict[str, Any]:
    """One demo's last line. Raises CalledProcessError when its ledger did not balance."""
    command = [sys.executable, "-m", "pipeline.cli", "demo", "--json", "--reports", str(reports), "--rate", str(rate)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    result: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return result


def row(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    delay = result["report_to_queue_ms"]
    memory = ", ".join(f"{process} {size}" for process, size in result["memory_mib"].items())
    figures = (result["reports"], result["reports_per_s"], delay["p50"], delay["p99"], result["seconds_to_first_row"])
    return (name, *map(str, figures), str(result["lost"]), memory)


def main() -> None:
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
    for name, reports, rate in RUNS:
        sys.stdout.write(f"| {' | '.join(row(name, measure(reports, rate)))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
