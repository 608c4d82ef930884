"""`python -m pipeline.local ROOT`: Kafka and Postgres, and nothing else, until a signal."""

import argparse
import sys
from pathlib import Path

from pipeline.adapters.memory import keep_memory_private
from pipeline.local.daemon import Plan, up_foreground
from pipeline.local.errors import LocalError


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.local", description=__doc__)
    parser.add_argument("root", type=Path, help="the data folder")
    parser.add_argument("--jars", type=Path, help="where the broker's jars are kept (default: below the data folder)")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end with standard input, too")
    parser.add_argument("--guarded", action="store_true", help="Kafka with TLS, passwords and rights, as in production")
    given = parser.parse_args()
    keep_memory_private()
    plan = Plan(
        given.root,
        progress=_say,
        jars_folder=given.jars,
        ends_with_stdin=given.until_stdin_ends,
        guarded=given.guarded,
    )
    try:
        return up_foreground(plan)
    except LocalError as error:
        _say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
