"""Several steps at once, with one error."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pipeline.local.errors import LocalError


async def together(*steps: Coroutine[Any, Any, None]) -> None:
    """Take all `steps` at once; the first failure of one cancels the others and is raised alone, as a LocalError.

    A failure of the operating system (a full disk, a closed folder) is one, too; any other error is a bug and stays
    in its group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        ours, others = failures.split((LocalError, OSError))
        if ours is None or others is not None:
            raise
        first = ours.exceptions[0]
        if isinstance(first, OSError):
            raise LocalError(f"{first.filename or 'the system'}: {first.strerror or type(first).__name__}") from first
        raise first from None
