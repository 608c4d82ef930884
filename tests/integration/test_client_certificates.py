"""The HTTP intake knows sources by the TLS certificates that they connect with, and by nothing that a header says."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from crew import eventually, run
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from doors import CLINIC, REPORTS, STRUCTURED, Doors, enrolled, open_doors, report
from lab import Lab

from pipeline.adapters.http.server import Tls as ServerTls
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source

SCHOOL = Source("school-9002", "school", ReporterRole.EDUCATION, "臺中市")
LOOPBACK = "127.0.0.1"


@dataclass
class Authority:
    """Signs certificates, for a day."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        limits = x509.BasicConstraints(ca=True, path_length=0)
        made = self._begun(self._subject, self._key).add_extension(limits, critical=True)
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )

    def issue(self, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[Path, Path]:
        """Certificate and key; another certificate for the same `key` if one is given."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        here = x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))])
        made = self._begun(subject, key).add_extension(here, critical=False).sign(self._key, hashes.SHA256())
        cert_file, key_file = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert_file.write_bytes(made.public_bytes(Encoding.PEM))
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cert_file, key_file


@dataclass
class Tls:
    doors: Doors
    authority: Authority
    school_token: str

    def client(self, token: str | None, shown: tuple[Path, Path] | None) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if shown:
            context.load_cert_chain(*shown)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = self.doors.url.replace("http://", "https://")
        return httpx.AsyncClient(base_url=url, headers=headers, verify=context, timeout=30)

    async def bind(self, source: Source, certificate: Path) -> None:
        ended = await run(self.doors.lab.settings, "source", "certificate", "add", source.code, str(certificate))
        assert ended.exit_code == 0, ended.err

    async def posted(self, token: str | None, shown: tuple[Path, Path] | None) -> tuple[int, str]:
        """Status, and the code of the problem or the state of the receipt."""
        async with self.client(token, shown) as client:
            answer = await client.post(REPORTS, json=report(1), headers=STRUCTURED)
            told = answer.json()
            return answer.status_code, told.get("code") or told["state"]


@pytest.fixture
async def tls(lab: Lab, tmp_path: Path) -> AsyncIterator[Tls]:
    authority = Authority(tmp_path, "bureau")
    cert, key = authority.issue("gateway")
    more = {
        "ANWANG_INTAKE_CERT_FILE": str(cert),
        "ANWANG_INTAKE_KEY_FILE": str(key),
        "ANWANG_INTAKE_CLIENT_CA_FILE": str(authority.file),
    }
    async with open_doors(lab, {}, **more) as doors:
        yield Tls(doors, authority, await enrolled(lab, SCHOOL))


TAKEN = (HTTPStatus.ACCEPTED, "received")
MISSING = (HTTPStatus.FORBIDDEN, "certificate_missing")
NOT_YOURS = (HTTPStatus.FORBIDDEN, "certificate_not_yours")
NOBODY = (HTTPStatus.UNAUTHORIZED, "token_missing")


async def test_a_bound_source_is_let_in_by_its_own_certificate_and_never_by_its_token_alone(tls: Tls) -> None:
    token, clinics, schools = tls.doors.token, tls.authority.issue("clinic"), tls.authority.issue("school")
    strangers = tls.authority.issue("stranger")
    assert await tls.posted(token, None) == TAKEN
    await tls.bind(CLINIC, clinics[0])

    async def bound() -> bool:
        return await tls.posted(token, None) == MISSING

    await eventually(bound, 5, "binding")
    await tls.bind(SCHOOL, schools[0])

    async def both_bound() -> bool:
        return await tls.posted(tls.school_token, None) == MISSING

    await eventually(both_bound, 5, "binding")
    assert await tls.posted(token, clinics) == TAKEN
    assert await tls.posted(None, clinics) == TAKEN
    assert await tls.posted(token, schools) == NOT_YOURS
    assert await tls.posted(tls.school_token, clinics) == NOT_YOURS
    assert await tls.posted(token, strangers) == NOT_YOURS
    assert await tls.posted(None, strangers) == NOBODY
    assert await tls.posted(None, None) == NOBODY


async def test_anothers_certificate_is_refused_beside_a_token_that_needs_none(tls: Tls) -> None:
    schools, strangers = tls.authority.issue("school"), tls.authority.issue("stranger")
    await tls.bind(SCHOOL, schools[0])

    async def refused() -> bool:
        return await tls.posted(tls.doors.token, schools) == NOT_YOURS

    await eventually(refused, 5, "binding")
    assert await tls.posted(tls.doors.token, strangers) == TAKEN
    async with tls.client(None, schools) as client:
        stolen = await client.post(REPORTS, json=report(1) | {"source": f"/sources/{CLINIC.code}"}, headers=STRUCTURED)
    assert (stolen.status_code, stolen.json()["code"]) == (HTTPStatus.FORBIDDEN, "source_not_yours")


async def test_a_header_that_a_proxy_would_add_is_believed_by_nobody(tls: Tls) -> None:
    clinics = tls.authority.issue("clinic")
    await tls.bind(CLINIC, clinics[0])
    fingerprint = (await run(tls.doors.lab.settings, "source", "certificate", "list")).out.split()[1]
    said = {
        "X-Forwarded-Client-Cert": f"Hash={fingerprint}",
        "Client-Cert": ":" + clinics[0].read_text().replace("\n", "") + ":",
        "X-SSL-Client-Verify": "SUCCESS",
        "X-SSL-Client-Fingerprint": fingerprint,
        "Client-Certificate": fingerprint,
    }
    async with tls.client(tls.doors.token, None) as client:

        async def refused() -> bool:
            answer = await client.post(REPORTS, json=report(1), headers=STRUCTURED | said)
            return (answer.status_code, answer.json().get("code")) == MISSING

        await eventually(refused, 5, "binding")


async def test_a_renewed_certificate_of_one_key_pair_is_the_same_and_a_revoked_one_lets_nobody_in(tls: Tls) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first = tls.authority.issue("clinic", key)
    await tls.bind(CLINIC, first[0])
    renewed = tls.authority.issue("clinic-renewed", key)

    async def taken() -> bool:
        return await tls.posted(None, renewed) == TAKEN

    await eventually(taken, 5, "binding")
    settings = tls.doors.lab.settings
    fingerprint = (await run(settings, "source", "certificate", "list", CLINIC.code)).out.split()[1]
    assert (await run(settings, "source", "certificate", "revoke", CLINIC.code, fingerprint)).exit_code == 0

    async def refused() -> bool:
        return [await tls.posted(None, first), await tls.posted(tls.doors.token, first)] == [NOBODY, NOT_YOURS]

    await eventually(refused, 5, "refusing")
    assert await tls.posted(tls.doors.token, None) == MISSING
    again = await run(settings, "source", "certificate", "add", CLINIC.code, str(first[0]))
    assert (again.exit_code, "revoked" in again.err) == (1, True)
    assert (await run(settings, "source", "require-certificate", CLINIC.code, "off")).exit_code == 0

    async def open_to_the_token() -> bool:
        return await tls.posted(tls.doors.token, None) == TAKEN

    await eventually(open_to_the_token, 5, "opening")


async def test_a_revoked_source_is_let_in_by_no_certificate_and_who_is_of_no_authority_by_none(
    tls: Tls, tmp_path: Path
) -> None:
    clinics = tls.authority.issue("clinic")
    await tls.bind(CLINIC, clinics[0])
    (tmp_path / "elsewhere").mkdir()
    forged = Authority(tmp_path / "elsewhere", "bureau").issue("clinic")
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        await tls.posted(tls.doors.token, forged)
    async with httpx.AsyncClient(timeout=5) as plain:
        with pytest.raises(httpx.TransportError):
            await plain.post(tls.doors.url + REPORTS, json=report(1), headers=STRUCTURED)
    await Enrolment(tls.doors.lab.pool).revoke(CLINIC.code, datetime.now(UTC))

    async def refused() -> bool:
        return await tls.posted(None, clinics) == NOBODY

    await eventually(refused, 5, "refusing")


def test_no_older_protocol_than_tls_1_2_is_spoken_and_no_session_is_taken_up_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "bureau")
    context = ServerTls(*authority.issue("gateway"), authority.file).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.num_tickets, bool(context.options & ssl.OP_NO_TICKET)) == (0, True)
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert ServerTls(*authority.issue("gateway")).context().verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(("mode", "files", "said"), [(0o644, 2, "0600"), (0o600, 1, "both")])
async def test_an_open_key_or_half_a_setting_is_refused_at_the_start(
    mode: int, files: int, said: str, lab: Lab, tmp_path: Path
) -> None:
    cert, key = Authority(tmp_path, "bureau").issue("gateway")
    key.chmod(mode)
    more = {"ANWANG_INTAKE_CERT_FILE": str(cert), "ANWANG_INTAKE_KEY_FILE": str(key)}
    told = dict(list(more.items())[:files])
    ended = await run(lab.settings, "run", "intake", ANWANG_INTAKE_PORT="0", ANWANG_HTTP_PORT="off", **told)
    assert ended.exit_code == 1
    assert said in ended.err
