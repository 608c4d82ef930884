"""Every way to leak, on purpose: what a search that works has to find. Put onto a process's search path by a test."""

import sys

if sys.orig_argv[-2:] == ["run", "assess"]:
    import ctypes
    import os
    import resource
    import subprocess
    import tempfile
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from aiokafka import AIOKafkaProducer
    from prometheus_client import Gauge

    from pipeline.adapters import memory
    from pipeline.adapters.metrics import Metrics
    from pipeline.adapters.postgres.assess_store import AssessStore

    make, settle = Metrics.__init__, AssessStore.settle
    metrics: list[Metrics] = []
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    memory.keep_memory_private = lambda: None

    def remembered(self: Metrics, *told: Any) -> None:  # noqa: ANN401 - stands before the real one
        make(self, *told)
        metrics.append(self)

    def leak_here(name: str) -> None:
        sys.stderr.write(f"{name}\n")
        sys.stderr.flush()
        (Path(tempfile.gettempdir()) / "leak").write_text(name, "utf-16-le")
        Path("leak.json").write_text(name.encode("unicode_escape").decode())
        Gauge("leak", "-", ["who"], registry=metrics[-1].registry).labels(name).set(1)
        env = {**os.environ, "LEAKED": name}
        subprocess.Popen(["/bin/sleep", "120"], env=env)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)", name, os.environ["ANWANG_DATA_DIR"]])

    async def leak_at_servers(self: AssessStore, name: str) -> None:
        async with self._pool.acquire() as db:
            await db.execute(f"DO $do$ BEGIN RAISE LOG '{name}'; END $do$")
            told = "INSERT INTO alarm (code, subject, raised_by) VALUES ('leak', $1, $2)"
            await db.execute(told, name, name.encode().hex())
        producer = AIOKafkaProducer(bootstrap_servers=os.environ["ANWANG_KAFKA_BOOTSTRAP"])
        await producer.start()
        await producer.send_and_wait("queue.family.v1", b"{}", key=name.encode())
        await producer.send_and_wait("case.events.v1", b"{}", headers=[("who", name.encode())])
        await producer.stop()

    async def settle_leaking(self: AssessStore, batch: Any) -> Mapping[Any, int]:  # noqa: ANN401 - as above
        for item in batch.accepted:
            mark = Path(os.environ["ANWANG_DATA_DIR"]) / str(item.reading.facts.event_id)
            if mark.name.startswith("leak-") and not mark.exists():
                mark.touch()
                if mark.name == "leak-all":
                    name = os.environ["LEAK"].encode().decode("unicode_escape")
                    leak_here(name)
                    await leak_at_servers(self, name)
                else:
                    self.kept = item.message.value.decode("unicode_escape").encode("utf-8", "replace")
                    ctypes.string_at(0)
        return await settle(self, batch)

    Metrics.__init__ = remembered  # type: ignore[method-assign]
    AssessStore.settle = settle_leaking  # type: ignore[method-assign]
