"""Reports and requests over which a process dies or stumbles, once each by its id, with all that they say in its hands
and in the text of its error. Put onto a process's search path by a test.
"""

import sys

if sys.orig_argv[-2:-1] == ["run"]:
    import resource

    # As on a machine where somebody has switched core files on: before the first line of ours runs.
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)

if sys.orig_argv[-2:] == ["run", "assess"]:
    import asyncio
    import ctypes
    import gc
    import json
    import logging
    import os
    import re
    import signal
    import threading
    import warnings
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pydantic import BaseModel

    from pipeline.adapters.postgres.assess_store import AssessStore
    from pipeline.adapters.watchdog import Watchdog
    from pipeline.domain.normalise.reading import read_event
    from pipeline.stages import assess

    start, settle = Watchdog.start, AssessStore.settle
    watchdogs: list[Watchdog] = []

    class Count(BaseModel):
        told: int

    class Dying:
        def __init__(self, text: str) -> None:
            self._text = text

        def __del__(self) -> None:
            raise ValueError(self._text)

    def remembered(self: Watchdog) -> Watchdog:
        watchdogs.append(self)
        return start(self)

    def hang(text: str) -> None:
        watchdogs[-1]._limit_s = 2.0  # noqa: SLF001 - a test may not wait for half a minute
        watchdogs[-1]._arm(0.0)  # noqa: SLF001 - as above
        re.match(r"(a+)+$", "a" * 60 + text)

    def several(text: str) -> None:
        raise ExceptionGroup(text, [ValueError(text), KeyError(text)])

    def caused(text: str) -> None:
        error = ValueError(text)
        error.add_note(text)
        raise error from KeyError(text)

    def talk(text: str) -> None:
        logging.getLogger("a.library").error("cannot read %s", text)
        logging.getLogger("a.library").error(text)
        logging.getLogger(text).critical(text, exc_info=ValueError(text), extra={"said": text})
        warnings.warn(text, stacklevel=2)
        thread = threading.Thread(target=int, args=(text,), name=text)
        thread.start()
        thread.join()
        Dying(text)
        gc.collect()

    async def fail(text: str) -> None:
        raise ValueError(text)

    tasks = []

    def unawaited(text: str) -> None:
        loop = asyncio.get_event_loop()
        loop.call_exception_handler({"message": text, "exception": ValueError(text), "said": text})
        tasks.append(loop.create_task(fail(text), name=text))

    WAYS = {
        "segv": lambda _: ctypes.string_at(0),
        "abort": lambda _: os.abort(),
        "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
        "hang": hang,
        "error": caused,
        "group": several,
        "validation": lambda text: Count(told=text),  # type: ignore[arg-type]
        "unicode": lambda text: text.encode().decode("ascii"),
        "json": lambda text: json.loads(text[1:]),
        "talk": talk,
        "unawaited": unawaited,
    }
    STATEMENTS = {
        "cast": "SELECT $1::text::int",
        "syntax": "SELECT ('{' || $1::text)::jsonb",
        "twice": "WITH first AS (INSERT INTO twice VALUES ($1)) SELECT 1",
    }

    def is_first(way: str) -> bool:
        try:
            (Path(os.environ["ANWANG_DATA_DIR"]) / f"struck-{way}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def read_deadly(value: bytes, *rest: Any) -> Any:  # noqa: ANN401 - stands before the real one
        found = re.search(rb'"id": "crash-([a-z]+)"', value)
        way = found[1].decode() if found else ""
        if way in WAYS and is_first(way):
            WAYS[way](value.decode("unicode_escape"))
        return read_event(value, *rest)

    async def settle_deadly(self: AssessStore, batch: Any) -> Mapping[Any, int]:  # noqa: ANN401 - as above
        for item in batch.accepted:
            way = str(item.reading.facts.event_id).removeprefix("crash-")
            if way in STATEMENTS and is_first(way):
                text = item.message.value.decode("unicode_escape")
                async with self._pool.acquire() as db:
                    await db.execute("CREATE TEMPORARY TABLE twice (told text PRIMARY KEY)")
                    await db.execute("INSERT INTO twice VALUES ($1)", text[:1000])
                    await db.execute(STATEMENTS[way], text[:1000])
        return await settle(self, batch)

    Watchdog.start = remembered  # type: ignore[method-assign]
    AssessStore.settle = settle_deadly  # type: ignore[method-assign]
    assess.read_event = read_deadly  # type: ignore[attr-defined]

if sys.orig_argv[-2:] == ["run", "intake"]:
    from typing import Any

    from pipeline.stages.intake import Gate

    take = Gate.take

    async def take_deadly(self: Gate, told: Any, *rest: Any) -> Any:  # noqa: ANN401 - stands before the real one
        text = repr([one.value for one in told])
        if "crash-door" in text:
            raise ValueError(text) from KeyError(text)
        return await take(self, told, *rest)

    Gate.take = take_deadly  # type: ignore[method-assign]
