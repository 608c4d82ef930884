"""Sends one report to the topic of its source, and says where it stands.

python send_report.py 127.0.0.1:9092 hotline-113 intake.hotline.113.v1
"""

import asyncio
import json
import os
import ssl
import sys
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer


def invented_report(source: str) -> dict:
    """Keep the event as it is until it is acknowledged: sent again with the same `id` it counts once."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": now,
        "data": {
            "report_no": f"{source}-{uuid4().hex[:8]}",
            "channel": "hotline",
            "received_at": now,
            "categories": ["child_protection"],
            "persons": [
                {
                    "role": "victim",
                    "name": "測試童",
                    "birth_date": "民國110年5月9日",
                    "address": "臺北市信義區市府路1號",
                },
            ],
            "indicators": ["injury_visible"],
        },
    }


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


async def main(bootstrap: str, source: str, topic: str) -> None:
    event = invented_report(source)
    called = {"bootstrap_servers": bootstrap, **account()}
    async with AIOKafkaProducer(**called, acks="all", enable_idempotence=True) as producer:
        stands = await producer.send_and_wait(
            topic,
            json.dumps(event, ensure_ascii=False).encode(),
            key=source.encode(),
            headers=[("content-type", b"application/cloudevents+json; charset=utf-8")],
        )
    print(f"event {event['id']} stands at {stands.topic}/{stands.partition}/{stands.offset}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [bootstrap, source, topic]:
            asyncio.run(main(bootstrap, source, topic))
        case _:
            sys.exit("usage: python send_report.py BOOTSTRAP SOURCE TOPIC")
