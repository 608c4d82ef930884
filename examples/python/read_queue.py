"""Reads a queue from its beginning and keeps the list of cases that wait at one centre.

python read_queue.py 127.0.0.1:9092 queue.protective.v1 63000-protective
"""

import asyncio
import json
import os
import ssl
import sys
from datetime import datetime

from aiokafka import AIOKafkaConsumer


class Waiting:
    """The cases of one centre. Of each case the newest state holds; a double or a late record changes nothing."""

    def __init__(self, centre: str) -> None:
        self._centre = centre
        self._newest: dict[str, dict] = {}

    def take(self, record: dict) -> bool:
        """Whether the record tells something new."""
        if record["centre"] != self._centre:
            return False
        known = self._newest.get(record["case_id"])
        if known and version_of(record) <= version_of(known):
            return False
        self._newest[record["case_id"]] = record
        return True

    def __len__(self) -> int:
        """How many wait: a withdrawn case has left this queue or this centre."""
        return len(self.most_pressing_first())

    def most_pressing_first(self) -> list[dict]:
        here = [record for record in self._newest.values() if record["kind"] == "assigned"]
        return sorted(here, key=lambda record: datetime.fromisoformat(record["next_deadline"]))


def version_of(record: dict) -> tuple[int, int]:
    """`history` is raised when a database was put back to an older state."""
    return record["history"], record["case_version"]


def account() -> dict:
    """Who we are at the broker: KAFKA_USER, KAFKA_PASSWORD and KAFKA_CA_FILE of the environment, as the bureau gave
    them; nobody, without encryption, where there is no KAFKA_USER, as on a machine of one's own.
    """
    if "KAFKA_USER" not in os.environ:
        return {}
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": os.environ["KAFKA_USER"],
        "sasl_plain_password": os.environ["KAFKA_PASSWORD"],
        "ssl_context": ssl.create_default_context(cafile=os.environ.get("KAFKA_CA_FILE")),
    }


async def main(bootstrap: str, topic: str, centre: str) -> None:
    waiting = Waiting(centre)
    called = {"bootstrap_servers": bootstrap, **account()}
    async with AIOKafkaConsumer(topic, **called, auto_offset_reset="earliest") as queue:
        async for message in queue:
            record = json.loads(message.value)
            if waiting.take(record):
                told = (
                    record["kind"],
                    record["case_id"],
                    record["event_id"],
                    record["priority"],
                    record["next_deadline"],
                )
                print(*told, f"waiting {len(waiting)}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [bootstrap, topic, centre]:
            asyncio.run(main(bootstrap, topic, centre))
        case _:
            sys.exit("usage: python read_queue.py BOOTSTRAP TOPIC CENTRE")
