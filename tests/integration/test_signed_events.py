"""Each door against each way of passing for a source: refused, or set aside for a person; shown, and counted."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey
from lab import Lab, event, until
from signers import LINE, OTHER_LINE, Signers, confused, header, public, signed, with_header

from pipeline.adapters.http.intake import House, intake_app
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.kafka.brokers import brokers_of
from pipeline.adapters.kafka.door import Door
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.postgres.proofs import Proofs
from pipeline.adapters.probes import broker_answers
from pipeline.adapters.telemetry import Telemetry, utc_now
from pipeline.adapters.vault import GateKeys
from pipeline.settings import directory_of
from pipeline.stages.intake import Gate

STRUCTURED = {"content-type": "application/cloudevents+json"}
KAFKA, HTTP = "kafka", "http"
ACCEPTED = "case"


@dataclass
class Try:
    """What somebody sends: the value, its signature, other headers."""

    value: bytes
    signature: str | None
    headers: dict[str, str] = field(default_factory=dict)


def told(number: int, source: str = LINE.code) -> bytes:
    """Spaced and ordered as no library of ours would: signed are these bytes."""
    return json.dumps(event(number, source=source), indent=1, ensure_ascii=False).encode()


def right(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, s.key))


def by_its_second_key(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, s.second))


def by_the_newer_name_of_the_algorithm(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, s.key, alg="Ed25519"))


def of_another_source(s: Signers) -> Try:
    value = told(1, OTHER_LINE.code)
    return Try(value, signed(value, s.others))


def unsigned(_s: Signers) -> Try:
    return Try(told(1), None)


def by_a_key_that_nobody_registered(_s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, OKPKey.generate_key("Ed25519")))


def by_another_key_under_its_name(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, OKPKey.generate_key("Ed25519"), kid=s.key.thumbprint()))


def by_another_sources_key(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, s.others))


def by_a_revoked_key(s: Signers) -> Try:
    value = told(1)
    return Try(value, signed(value, s.revoked))


def tampered(s: Signers) -> Try:
    value = told(1)
    return Try(value.replace(b"intimate_partner_violence", b"elder_abuse"), signed(value, s.key))


def with_one_more_space(s: Signers) -> Try:
    value = told(1)
    return Try(value + b" ", signed(value, s.key))


def with_the_signature_of_another_event(s: Signers) -> Try:
    return Try(told(1), signed(told(2), s.key))


def without_algorithm(s: Signers) -> Try:
    value = told(1)
    return Try(value, with_header(signed(value, s.key), header(s.key, "none")))


def with_an_empty_signature(s: Signers) -> Try:
    return Try(told(1), with_header(".", header(s.key, "none")))


def with_its_public_key_as_a_secret(s: Signers) -> Try:
    value = told(1)
    return Try(value, confused(value, s.key))


def with_the_algorithm_of_its_other_key(s: Signers) -> Try:
    value = told(1)
    return Try(value, with_header(signed(value, s.key), header(s.second, "EdDSA")))


def with_a_path_for_a_kid(s: Signers) -> Try:
    value = told(1)
    return Try(value, with_header(signed(value, s.key), header(s.key) | {"kid": f"../keys/{s.key.thumbprint()}"}))


def with_an_address_for_a_kid(s: Signers) -> Try:
    value = told(1)
    return Try(value, with_header(signed(value, s.key), header(s.key) | {"kid": "https://127.0.0.1/key?' OR 1=1"}))


def with_its_key_in_the_header(s: Signers) -> Try:
    value, own = told(1), OKPKey.generate_key("Ed25519")
    return Try(value, with_header(signed(value, own), header(s.key) | {"jwk": own.as_dict(private=False)}))


def with_an_encoded_payload(s: Signers) -> Try:
    value = told(1)
    return Try(value, with_header(signed(value, s.key), {"alg": "EdDSA", "kid": s.key.thumbprint()}))


def with_no_signature_at_all_in_its_place(_s: Signers) -> Try:
    return Try(told(1), "signed, S. Holmes")


def in_binary_mode(s: Signers) -> Try:
    whole = event(1, source=LINE.code)
    value = json.dumps(whole["data"]).encode()
    attributes = {f"ce-{n}": str(whole[n]) for n in ("specversion", "id", "source", "type", "time")}
    return Try(value, signed(value, s.key), attributes | {"content-type": "application/json"})


FAULTS = [
    (right, ACCEPTED, ACCEPTED),
    (by_its_second_key, ACCEPTED, ACCEPTED),
    (by_the_newer_name_of_the_algorithm, ACCEPTED, ACCEPTED),
    (of_another_source, "source_not_yours", "source_not_of_this_topic"),
    (unsigned, "signature_missing", "signature_missing"),
    (by_a_key_that_nobody_registered, "signature_key_unknown", "signature_key_unknown"),
    (by_another_key_under_its_name, "signature_wrong", "signature_wrong"),
    (by_another_sources_key, "signature_key_of_another_source", "signature_key_of_another_source"),
    (by_a_revoked_key, "signature_key_revoked", "signature_key_revoked"),
    (tampered, "signature_wrong", "signature_wrong"),
    (with_one_more_space, "signature_wrong", "signature_wrong"),
    (with_the_signature_of_another_event, "signature_wrong", "signature_wrong"),
    (without_algorithm, "signature_algorithm", "signature_algorithm"),
    (with_an_empty_signature, "signature_unreadable", "signature_unreadable"),
    (with_its_public_key_as_a_secret, "signature_algorithm", "signature_algorithm"),
    (with_the_algorithm_of_its_other_key, "signature_wrong", "signature_wrong"),
    (with_a_path_for_a_kid, "signature_unreadable", "signature_unreadable"),
    (with_an_address_for_a_kid, "signature_unreadable", "signature_unreadable"),
    (with_its_key_in_the_header, "signature_unreadable", "signature_unreadable"),
    (with_an_encoded_payload, "signature_unreadable", "signature_unreadable"),
    (with_no_signature_at_all_in_its_place, "signature_unreadable", "signature_unreadable"),
    (in_binary_mode, "signature_in_binary_mode", "signature_in_binary_mode"),
]


@pytest.fixture
async def signers(lab: Lab) -> Signers:
    made = Signers(lab)
    await made.enrol()
    return made


@pytest.fixture
def telemetry(lab: Lab) -> Telemetry:
    lab.heard = telemetry = Telemetry("test", "error")  # type: ignore[assignment] # what the stages tell is counted
    return telemetry


def counted(telemetry: Telemetry, name: str, **labels: str) -> float:
    return telemetry.metrics.registry.get_sample_value(f"anwang_{name}_total", labels) or 0.0


@asynccontextmanager
async def door(lab: Lab, telemetry: Telemetry) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway's application over the real register and the real broker."""
    keeper = Doorkeeper(lab.pool, directory_of(lab.settings))
    await keeper.look()
    brokers = brokers_of(lab.settings)
    kafka = Door(brokers, "test-door", partial(broker_answers, brokers))
    kafka._producer = await kafka._started()  # noqa: SLF001 - without a watch beside it
    kafka._is_open = True  # noqa: SLF001
    house = House(
        Gate(kafka, None, telemetry),
        keeper,
        GateKeys.load(lab.settings.gate_key_file),
        Rates("1200/minute"),
        utc_now,
        2_000_000,
        telemetry.refused,
    )
    transport = httpx.ASGITransport(intake_app(house))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=30) as client:
            yield client
    finally:
        await kafka.stop()


async def by_http(lab: Lab, signers: Signers, telemetry: Telemetry, one: Try) -> httpx.Response:
    headers = STRUCTURED | one.headers | {"authorization": f"Bearer {signers.token}"}
    if one.signature is not None:
        headers["jws-signature"] = one.signature
    async with door(lab, telemetry) as client:
        return await client.post("/v1/reports", content=one.value, headers=headers)


async def by_kafka(lab: Lab, one: Try, **more: Any) -> None:  # noqa: ANN401 - of the producer
    producer = new_producer(brokers_of(lab.settings), "test-source")
    await producer.start()
    headers = [(n.replace("ce-", "ce_"), v.encode()) for n, v in (one.headers or STRUCTURED).items()]
    if one.signature is not None:
        headers.append(("JWS-Signature", one.signature.encode()))
    try:
        await producer.send_and_wait(LINE.topic, one.value, headers=headers, **more)
    finally:
        await producer.stop()


@pytest.mark.parametrize(("fault", "code", "_kafka"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
async def test_what_is_not_rightly_signed_is_refused_at_the_http_door_and_counted(
    fault: Any,  # noqa: ANN401 - one of the above
    code: str,
    _kafka: str,
    lab: Lab,
    signers: Signers,
    telemetry: Telemetry,
) -> None:
    answer = await by_http(lab, signers, telemetry, fault(signers))
    if code == ACCEPTED:
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        await lab.settle_all(1)
        assert await lab.pool.fetchval("SELECT outcome FROM inbox") == ACCEPTED
        return
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.FORBIDDEN, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert counted(telemetry, "intake_refused", code=code) == 1
    assert await lab.values(LINE.topic) == []


@pytest.mark.parametrize(("fault", "_http", "code"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
async def test_what_is_not_rightly_signed_is_quarantined_from_kafka_shown_and_counted(
    fault: Any,  # noqa: ANN401 - as above
    _http: str,
    code: str,
    lab: Lab,
    signers: Signers,
    telemetry: Telemetry,
) -> None:
    await by_kafka(lab, fault(signers))
    await lab.settle_all(1)
    listed = await AuditStore(lab.pool).unread_list()
    if code == ACCEPTED:
        assert listed == []
        return
    assert [(row.kind, row.code) for row in listed] == [("quarantine", code)]
    assert counted(telemetry, "unread", outcome="quarantine", code=code) == 1
    assert [a.subject for a in await AuditStore(lab.pool).open_alarms()] == [str(listed[0].unread_id)]
    assert await lab.count("report") == 0


async def test_a_revoked_source_is_refused_at_the_http_door(lab: Lab, signers: Signers, telemetry: Telemetry) -> None:
    one = right(signers)
    await Enrolment(lab.pool).revoke(LINE.code, datetime.now(UTC))
    answer = await by_http(lab, signers, telemetry, one)
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.UNAUTHORIZED, "token_unknown")
    assert counted(telemetry, "intake_refused", code="token_unknown") == 1


@pytest.mark.parametrize("before_h", [0, 30])
async def test_a_revoked_source_or_key_is_quarantined_whatever_time_its_record_bears(
    before_h: int, lab: Lab, signers: Signers, telemetry: Telemetry
) -> None:
    at = int((datetime.now(UTC) - timedelta(hours=before_h)).timestamp() * 1000)
    await by_kafka(lab, by_a_revoked_key(signers), timestamp_ms=at)
    await lab.settle_all(1)
    await Enrolment(lab.pool).revoke(LINE.code, datetime.now(UTC))
    value = told(2)
    await by_kafka(lab, Try(value, signed(value, signers.key)), timestamp_ms=at)
    await lab.settle_all(2)
    codes = {row.code for row in await AuditStore(lab.pool).unread_list()}
    assert codes == {"signature_key_revoked", "source_revoked"}
    assert counted(telemetry, "unread", outcome="quarantine", code="source_revoked") == 1


async def test_two_signatures_beside_one_message_are_none(lab: Lab, signers: Signers) -> None:
    one = right(signers)
    producer = new_producer(brokers_of(lab.settings), "test-source")
    await producer.start()
    headers = [(name, (one.signature or "").encode()) for name in ("jws-signature", "JWS-Signature")]
    await producer.send_and_wait(LINE.topic, one.value, headers=headers)
    await producer.stop()
    await lab.settle_all(1)
    assert [row.code for row in await AuditStore(lab.pool).unread_list()] == ["signature_unreadable"]


async def test_signed_bytes_pass_the_gateway_untouched_and_are_checked_again_behind_it(
    lab: Lab, signers: Signers, telemetry: Telemetry
) -> None:
    one = right(signers)
    assert (await by_http(lab, signers, telemetry, one)).status_code == HTTPStatus.ACCEPTED
    assert await lab.values(LINE.topic) == [one.value]
    await lab.settle_all(1)
    assert await lab.count("report") == 1


@pytest.mark.parametrize("lacks", ["id", "source"])
async def test_nothing_is_written_into_a_signed_event(
    lacks: str, lab: Lab, signers: Signers, telemetry: Telemetry
) -> None:
    value = json.dumps({n: v for n, v in event(1, source=LINE.code).items() if n != lacks}).encode()
    one = Try(value, signed(value, signers.key), {"idempotency-key": "k-1"})
    answer = await by_http(lab, signers, telemetry, one)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["path"]) == (422, "signed_incomplete", lacks)


async def test_each_event_of_a_batch_bears_its_own_signature(lab: Lab, signers: Signers, telemetry: Telemetry) -> None:
    values = [told(n) for n in range(3)]
    batch = b"[" + b" ,\n".join(values) + b"]"
    signatures = [signed(value, signers.key) for value in values]
    kind = {"content-type": "application/cloudevents-batch+json"}
    swapped = await by_http(lab, signers, telemetry, Try(batch, ",".join(reversed(signatures)), kind))
    assert (swapped.json()["code"], swapped.json()["event"]) == ("signature_wrong", 0)
    lacking = await by_http(lab, signers, telemetry, Try(batch, ",".join([*signatures[:2], "-"]), kind))
    assert (lacking.json()["code"], lacking.json()["event"]) == ("signature_missing", 2)
    short = await by_http(lab, signers, telemetry, Try(batch, ",".join(signatures[:2]), kind))
    assert short.json()["code"] == "signature_unreadable"
    taken = await by_http(lab, signers, telemetry, Try(batch, ", ".join(signatures), kind))
    assert taken.status_code == HTTPStatus.ACCEPTED, taken.text
    assert sorted(await lab.values(LINE.topic)) == sorted(values)


async def test_a_source_that_need_not_sign_is_believed_unsigned_but_not_with_a_wrong_signature(lab: Lab) -> None:
    signers = Signers(lab)
    await signers.enrol(due=False)
    await by_kafka(lab, unsigned(signers))
    await by_kafka(lab, Try(told(2), signed(told(3), signers.key)))
    await lab.settle_all(2)
    rows = await lab.pool.fetch("SELECT outcome FROM inbox ORDER BY outcome")
    assert [row["outcome"] for row in rows] == ["case", "quarantine"]
    assert [row.code for row in await AuditStore(lab.pool).unread_list()] == ["signature_wrong"]


@pytest.mark.usefixtures("signers")
async def test_a_key_holds_from_the_look_after_it_was_added_to_the_one_after_it_was_revoked(lab: Lab) -> None:
    fresh = OKPKey.generate_key("Ed25519")
    values = [told(n) for n in range(3)]
    async with lab.assess() as stage:
        await by_kafka(lab, Try(values[0], signed(values[0], fresh)))
        await until(stage.turn, lambda: lab.inbox_holds(1))
        await Proofs(lab.pool).add_key(LINE.code, public(fresh), fresh.thumbprint())
        await by_kafka(lab, Try(values[1], signed(values[1], fresh)))
        await until(stage.turn, lambda: lab.inbox_holds(2))
        await Proofs(lab.pool).revoke_key(LINE.code, fresh.thumbprint())
        await by_kafka(lab, Try(values[2], signed(values[2], fresh)))
        await until(stage.turn, lambda: lab.inbox_holds(3))
    assert await lab.count("report") == 1
    codes = sorted(row.code for row in await AuditStore(lab.pool).unread_list())
    assert codes == ["signature_key_revoked", "signature_key_unknown"]
