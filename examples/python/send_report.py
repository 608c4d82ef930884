"""Sends one report to the topic of its source, and says where it stands.

python send_report.py 127.0.0.1:9092 hotline-113 intake.hotline.113.v1
"""

import asyncio
import json
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


async def main(bootstrap: str, source: str, topic: str) -> None:
    event = invented_report(source)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
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
