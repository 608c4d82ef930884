"""Works at one centre's queue: takes what waits there in hand, most pressing first, and says what becomes of it.

DESK_TOKEN=... python work_queue.py 127.0.0.1:9092 queue.protective.v1 63000-protective \
    http://127.0.0.1:8114

Whoever signed in at the desk (`POST /v1/session`) is who does it. For each case that it could claim it prints a line
and reads one from its standard input: `open` opens the case, anything else gives it back. The queue is read by Kafka;
the desk alone decides who has a case.
"""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from http import HTTPStatus

from aiokafka import AIOKafkaConsumer
from read_queue import Waiting, account, version_of

NOTHING_NEW_MS = 1000


def call(desk: str, method: str, path: str, key: str, said: dict | None = None) -> tuple[int, dict]:
    """One act. The same key asks for the same act: after a lost answer it is done once, and answered as it was."""
    headers = {"Authorization": f"Bearer {os.environ['DESK_TOKEN']}", "Idempotency-Key": key}
    body = None if said is None else json.dumps(said).encode()
    if body is not None:
        headers["Content-Type"] = "application/json"
    asked = urllib.request.Request(desk + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def work_on(record: dict, desk: str) -> str:
    """Claims the case and does what a person says; the word for what came of it."""
    case, key = f"/v1/cases/{record['case_id']}", record["message_id"]
    status, claim = call(desk, "POST", f"{case}/claim", f"claim {key}")
    if status != HTTPStatus.OK:
        return claim["code"]  # another has it, or it is no longer ours: the queue will say so, too
    print("claimed", record["case_id"], record["priority"], claim["lease_until"], flush=True)
    fence = claim["fence"]  # whoever lost the case meanwhile writes nothing
    if sys.stdin.readline().strip() == "open":
        status, done = call(desk, "POST", f"{case}/screening", f"open {key}", {"fence": fence, "outcome": "open"})
    else:
        status, done = call(desk, "DELETE", f"{case}/claim?fence={fence}", f"back {key}")
    return done["stage"] if status == HTTPStatus.OK else done["code"]


async def main(bootstrap: str, topic: str, centre: str, desk: str) -> None:
    waiting, looked_at = Waiting(centre), set()
    called = {"bootstrap_servers": bootstrap, **account()}
    async with AIOKafkaConsumer(topic, **called, auto_offset_reset="earliest") as queue:
        while True:
            news = await queue.getmany(timeout_ms=NOTHING_NEW_MS)
            for messages in news.values():
                for message in messages:
                    waiting.take(json.loads(message.value))
            if news:
                continue  # first all that is known: what was withdrawn since is not claimed
            for record in waiting.most_pressing_first():
                state = (record["case_id"], version_of(record))
                if state not in looked_at:
                    looked_at.add(state)
                    print(await asyncio.to_thread(work_on, record, desk), record["case_id"], flush=True)
                    break


if __name__ == "__main__":
    match sys.argv[1:]:
        case [bootstrap, topic, centre, desk]:
            asyncio.run(main(bootstrap, topic, centre, desk))
        case _:
            sys.exit("usage: DESK_TOKEN=... python work_queue.py BOOTSTRAP TOPIC CENTRE DESK")
