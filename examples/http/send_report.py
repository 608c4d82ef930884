"""Sends one report by HTTP, again with the same id until it is taken, and waits until it is settled. Needs no library.

REPORT_TOKEN=... python send_report.py http://127.0.0.1:8113
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from uuid import uuid4

TRIES_MAX = 10
NOT_NOW = {408, 429, 503}
"""Answers after which the same report is sent again; any other refusal has to be mended."""


def invented_report() -> dict:
    """The gateway writes the source in: it knows it by the token."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "report.submitted.v1",
        "time": now,
        "data": {
            "report_no": f"C-{uuid4().hex[:8]}",
            "channel": "clinic",
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


def ask(url: str, token: str, body: dict | None = None) -> dict:
    """The answer to one question, asked again with the same body while the gateway says not now or is away."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    for tried in range(1, TRIES_MAX + 1):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            if refusal.code not in NOT_NOW:
                problem = json.load(refusal)
                sys.exit(f"{problem['code']} {problem.get('path', '')}: {problem['detail']}")
            wait_s = int(refusal.headers.get("Retry-After", tried))
        except OSError:
            wait_s = tried
        time.sleep(wait_s)
    sys.exit("not taken: the gateway is away; keep the report and send it again later, with the same id")


def main(url: str, token: str) -> None:
    event = invented_report()
    receipt = ask(f"{url}/v1/reports", token, event)
    print(f"event {event['id']} was taken, receipt {receipt['receipt_id']}", *receipt["faults"])
    while receipt["state"] == "received":
        time.sleep(0.2)
        receipt = ask(f"{url}/v1/receipts/{receipt['receipt_id']}", token)
    print(receipt["state"])


if __name__ == "__main__":
    match sys.argv[1:], os.environ.get("REPORT_TOKEN"):
        case [url], str(token):
            main(url.rstrip("/"), token)
        case _:
            sys.exit("usage: REPORT_TOKEN=... python send_report.py URL")
