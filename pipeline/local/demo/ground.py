"""The ground a demo runs on: empty folders, tables, topics."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from pipeline.adapters.anchors import create_key
from pipeline.adapters.vault import KeyRing
from pipeline.local.folders import Folders, open_folders
from pipeline.local.servers import Servers
from pipeline.local.status import sole_supervisor
from pipeline.settings import Settings
from pipeline.wiring import create_topics, migrate_all


def fresh_folders(root: Path) -> Folders:
    """The empty folders of a new run. Raises LocalError while another run holds them."""
    folders = open_folders(root)
    with sole_supervisor(folders):
        for entry in root.iterdir():
            if entry == folders.run:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    return open_folders(root)


async def prepare(servers: Servers, folders: Folders) -> None:
    """New keys, the tables of both databases, and the topics of all registered sources."""
    settings = Settings.model_validate(
        {
            **servers.kafka_settings(),
            "postgres_dsn": servers.postgres_dsn,
            "keys_dsn": servers.keys_dsn,
            "data_dir": folders.root,
            "key_file": folders.root / "keys" / "ring.json",
            "sources_file": None,
        }
    )
    await asyncio.to_thread(KeyRing.create, settings.key_file)
    await asyncio.to_thread(create_key, settings.anchor_key_file)
    await migrate_all(settings)
    await create_topics(settings)


async def partitions_of(bootstrap: str, wanted: Callable[[str], bool]) -> list[TopicPartition]:
    """Every partition of the topics that are wanted, in order of name."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        told = await admin.describe_topics()
    finally:
        await admin.close()
    found = [(t["topic"], p["partition"]) for t in told for p in t["partitions"] if wanted(t["topic"])]
    return [TopicPartition(topic, number) for topic, number in sorted(found)]
