"""Signs one report and sends it by HTTP. The key pair is drawn into the file at the first start.

python sign_report.py public KEY.jwk
REPORT_TOKEN=... python sign_report.py send http://127.0.0.1:8113 clinic-xinyi KEY.jwk
"""

import json
import os
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import OKPKey


def own_key(file: Path) -> OKPKey:
    """The private key stays in this file, readable by its owner alone."""
    if not file.exists():
        drawn = OKPKey.generate_key("Ed25519").as_dict(private=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(drawn, out)
    return OKPKey.import_key(json.loads(file.read_text()))


def invented_report(source: str) -> dict:
    """What is signed names its own source and id: the gateway may not write into it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": now,
        "data": {
            "report_no": f"C-{uuid4().hex[:8]}",
            "channel": "clinic",
            "received_at": now,
            "categories": ["child_protection"],
            "persons": [{"role": "victim", "name": "測試童", "birth_date": "民國110年5月9日"}],
            "indicators": ["injury_visible"],
        },
    }


def signature_of(body: bytes, key: OKPKey) -> str:
    """A detached JWS over these very bytes."""
    header = {"alg": "EdDSA", "kid": key.thumbprint(), "b64": False, "crit": ["b64"]}
    return jws.serialize_compact(header, body, key, algorithms=["EdDSA"])


def send(url: str, token: str, source: str, key: OKPKey) -> None:
    body = json.dumps(invented_report(source), ensure_ascii=False).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/cloudevents+json",
        "JWS-Signature": signature_of(body, key),
    }
    with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/reports", body, headers), timeout=30) as answer:
        print("taken, receipt", json.load(answer)["receipt_id"])


if __name__ == "__main__":
    match sys.argv[1:], os.environ.get("REPORT_TOKEN"):
        case ["public", file], _:
            print(json.dumps(own_key(Path(file)).as_dict(private=False)))
        case ["send", url, source, file], str(token):
            send(url.rstrip("/"), token, source, own_key(Path(file)))
        case _:
            sys.exit(__doc__)
