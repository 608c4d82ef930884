"""Webhooks and e-mail against real servers on this machine."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default as as_read
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from aiosmtpd import smtp as served
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from test_notify import TOLD

from pipeline.adapters import mail, webhook
from pipeline.adapters.mail import Mail
from pipeline.adapters.mail_signing import MailSigner
from pipeline.adapters.notify_file import NotifyRefusedError, load_notify
from pipeline.adapters.webhook import Webhooks
from pipeline.contracts.notify import Audience, Smtp, Target, Tls
from pipeline.domain.notify import Ended, Outcome

SECRET, OLDER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJD" * 8
SENT = Outcome(Ended.SENT, "sent")

Answer = Callable[[], Awaitable[tuple[int, dict[str, str]]]]


@dataclass
class Receiver:
    """Takes webhooks and answers as told."""

    answer: Answer
    url: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, calls: int) -> None:
        """Waits until so many have come in all; five seconds at most."""
        async with asyncio.timeout(5):
            while len(self.got) < calls:
                self.came.clear()
                await self.came.wait()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        self.got.append((scope["path"], {k.decode(): v.decode() for k, v in scope["headers"]}, body))
        self.came.set()
        status, headers = await self.answer()
        named = [(k.encode(), v.encode()) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": b"x" * 1000})


def always(status: int, **headers: str) -> Answer:
    async def answer() -> tuple[int, dict[str, str]]:
        return status, {name.replace("_", "-"): value for name, value in headers.items()}

    return answer


@asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        receiver.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        server = uvicorn.Server(uvicorn.Config(receiver, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield receiver
        finally:
            server.force_exit = server.should_exit = True
            await serving


def hook(url: str) -> Target:
    return Target(name="duty", audience=Audience.SUPERVISOR, where="*", webhook=url, secret_file="/s")  # noqa: S106 - a path


def hooks(*secrets: str, at: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Webhooks:
    return Webhooks({"duty": secrets or (SECRET,)}, at)


async def test_a_receiver_verifies_a_webhook_with_the_library_and_knows_a_double_by_its_id() -> None:
    async with receiving(always(204)) as receiver, hooks() as posts:
        assert [await posts.send(hook(receiver.url), TOLD) for _ in range(2)] == [SENT, SENT]
    ids = {headers["webhook-id"] for _, headers, _ in receiver.got}
    assert ids == {str(TOLD.notification_id)}
    _, headers, body = receiver.got[0]
    read = Webhook(SECRET).verify(body, headers)
    assert read["type"] == "case.notification.v1"
    assert read["data"]["case_id"] == str(TOLD.case_id)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"S1024", b"S1025"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLDER).verify(body, headers)


async def test_while_a_secret_changes_both_of_them_sign() -> None:
    async with receiving(always(200)) as receiver, hooks(SECRET, OLDER) as posts:
        await posts.send(hook(receiver.url), TOLD)
    _, headers, body = receiver.got[0]
    for secret in (SECRET, OLDER):
        assert Webhook(secret).verify(body, headers)


async def test_a_webhook_that_is_played_back_later_is_too_old() -> None:
    long_ago = hooks(at=lambda: datetime.now(UTC) - timedelta(minutes=6))
    async with receiving(always(200)) as receiver, long_ago as posts:
        await posts.send(hook(receiver.url), TOLD)
    _, headers, body = receiver.got[0]
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(body, headers)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (always(500), Outcome(Ended.TRY_AGAIN, "http_500")),
        (always(404), Outcome(Ended.TRY_AGAIN, "http_404")),
        (always(410), Outcome(Ended.REFUSED, "http_410")),
        (always(429, retry_after="120"), Outcome(Ended.TRY_AGAIN, "http_429", timedelta(seconds=120))),
        (always(503, retry_after="Fri, 31 Dec 2027 23:59:59 GMT"), Outcome(Ended.TRY_AGAIN, "http_503")),
        (always(503, retry_after="99999999999999"), Outcome(Ended.TRY_AGAIN, "http_503", timedelta(hours=1))),
    ],
)
async def test_what_a_receiver_answers_decides_whether_it_is_tried_again(answer: Answer, expected: Outcome) -> None:
    async with receiving(answer) as receiver, hooks() as posts:
        assert await posts.send(hook(receiver.url), TOLD) == expected


async def test_a_webhook_follows_no_redirect() -> None:
    async with (
        receiving(always(200)) as other,
        receiving(always(307, location=other.url)) as receiver,
        hooks() as posts,
    ):
        assert await posts.send(hook(receiver.url), TOLD) == Outcome(Ended.TRY_AGAIN, "http_307")
    assert other.got == []


async def test_a_receiver_that_answers_too_late_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "WITHIN_S", 0.2)
    never = asyncio.Event()

    async def late() -> tuple[int, dict[str, str]]:
        await never.wait()
        return 200, {}

    async with receiving(late) as receiver, hooks() as posts:
        assert await posts.send(hook(receiver.url), TOLD) == Outcome(Ended.TRY_AGAIN, "timeout")
        never.set()
    assert len(receiver.got) == 1


async def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    async with hooks() as posts:
        assert await posts.send(hook(f"http://127.0.0.1:{port}/"), TOLD) == Outcome(Ended.TRY_AGAIN, "unreachable")


@dataclass
class Mailbox:
    """What a mail server hands its mail to; `says` is its answer to the recipient and to the message."""

    says: tuple[str, str] = ("250 OK", "250 OK")
    got: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, to: str, _options: Any) -> str:  # noqa: ANN401, N802 - as aiosmtpd has it
        if self.says[0].startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.says[0]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: ANN401, N802 - as aiosmtpd has it
        if self.says[1].startswith("250"):
            self.got.append(envelope)
        return self.says[1]


@asynccontextmanager
async def mail_server(box: Mailbox, **told: Any) -> AsyncIterator[int]:  # noqa: ANN401 - what aiosmtpd takes
    server = await asyncio.get_running_loop().create_server(lambda: served.SMTP(box, **told), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def smtp(port: int, **told: Any) -> Smtp:  # noqa: ANN401 - its fields
    return Smtp(**{"host": "127.0.0.1", "port": port, "tls": Tls.NONE, "sender": "anwang@example.gov.tw", **told})


def labels(code: str) -> tuple[str, str]:
    return {"child_visit": ("訪視兒童", "Visit the child")}.get(code, (code, code))


def sends(told: Smtp, password: str | None = None, signs: MailSigner | None = None) -> Mail:
    return Mail(told, password, labels=labels, signs=signs)


DUTY = Target(name="mail", audience=Audience.SUPERVISOR, where="*", email="duty@example.gov.tw")


async def test_a_message_arrives_in_both_languages_always_under_the_same_id() -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        assert [await sends(smtp(port)).send(DUTY, TOLD) for _ in range(2)] == [SENT, SENT]
    first, second = [message_from_bytes(one.content or b"", policy=as_read) for one in box.got]
    assert first["message-id"] == second["message-id"] == f"<{TOLD.notification_id}@example.gov.tw>"
    assert (first["to"], first["from"]) == ("duty@example.gov.tw", "anwang@example.gov.tw")
    assert first["auto-submitted"] == "auto-generated"
    assert "法定時限將至" in first["subject"]
    assert "訪視兒童／Visit the child" in first.get_content()


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (("450 later", "250 OK"), Outcome(Ended.TRY_AGAIN, "smtp_450")),
        (("550 no such box", "250 OK"), Outcome(Ended.REFUSED, "smtp_550")),
        (("250 OK", "451 later"), Outcome(Ended.TRY_AGAIN, "smtp_451")),
        (("250 OK", "554 no"), Outcome(Ended.REFUSED, "smtp_554")),
    ],
)
async def test_what_a_mail_server_answers_decides_whether_it_is_tried_again(
    says: tuple[str, str], expected: Outcome
) -> None:
    async with mail_server(Mailbox(says)) as port:
        assert await sends(smtp(port)).send(DUTY, TOLD) == expected


async def test_a_mail_server_that_says_nothing_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "WITHIN_S", 0.2)

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        told = smtp(server.sockets[0].getsockname()[1])
        assert await sends(told).send(DUTY, TOLD) == Outcome(Ended.TRY_AGAIN, "timeout")


async def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    async with mail_server(Mailbox()) as port:
        pass
    assert await sends(smtp(port)).send(DUTY, TOLD) == Outcome(Ended.TRY_AGAIN, "unreachable")


@dataclass(frozen=True)
class Papers:
    """A certificate of our own making and its key, as files."""

    certificate: Path
    key: Path
    key_pem: bytes


def papers(folder: Path, name: str, key: Any) -> Papers:  # noqa: ANN401 - any private key
    folder.mkdir(exist_ok=True)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    found = Papers(folder / "cert.pem", folder / "key.pem", pem)
    found.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    found.key.write_bytes(pem)
    found.key.chmod(0o600)
    return found


@pytest.fixture(scope="module")
def server_papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("server"), "localhost", ec.generate_private_key(ec.SECP256R1()))


def _context(found: Papers) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(found.certificate, found.key)
    return context


def _knows(_server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> AuthResult:  # noqa: ANN401 - as aiosmtpd has it
    return AuthResult(success=(told.login, told.password) == (b"anwang", b"right"), handled=False)


async def test_with_starttls_the_password_is_told_to_the_server_of_the_certificate_alone(server_papers: Papers) -> None:
    box, context = Mailbox(), _context(server_papers)
    told = {"host": "localhost", "tls": Tls.STARTTLS, "user": "anwang", "password_file": "/p"}
    async with mail_server(box, tls_context=context, require_starttls=True, authenticator=_knows) as port:
        known = smtp(port, ca_file=str(server_papers.certificate), **told)
        assert await sends(known, "right").send(DUTY, TOLD) == SENT
        assert await sends(known, "wrong").send(DUTY, TOLD) == Outcome(Ended.TRY_AGAIN, "smtp_sign_in")
        assert await sends(smtp(port, **told), "right").send(DUTY, TOLD) == Outcome(Ended.TRY_AGAIN, "unreachable")
    assert len(box.got) == 1


async def test_a_server_that_does_not_offer_starttls_is_told_nothing() -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        outcome = await sends(smtp(port, tls=Tls.STARTTLS)).send(DUTY, TOLD)
    assert outcome == Outcome(Ended.TRY_AGAIN, "unreachable")
    assert box.got == []


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65537, 2048), lambda: ec.generate_private_key(ec.SECP256R1())]
)
async def test_openssl_verifies_a_signed_message_and_not_one_that_was_changed(
    tmp_path: Path, make: Callable[[], Any]
) -> None:
    mine, box = papers(tmp_path / "mine", "anwang", make()), Mailbox()
    async with mail_server(box) as port:
        signer = MailSigner(mine.certificate, mine.key_pem)
        assert await sends(smtp(port), signs=signer).send(DUTY, TOLD) == SENT
    arrived = box.got[0].content or b""
    assert isinstance(arrived, bytes)
    assert message_from_bytes(arrived, policy=as_read)["message-id"] == f"<{TOLD.notification_id}@example.gov.tw>"
    assert message_from_bytes(arrived, policy=as_read).get_content_type() == "multipart/signed"
    part = message_from_bytes(arrived, policy=as_read).get_body(("plain",))
    assert part is not None
    assert "訪視兒童" in part.get_content()
    assert _verifies(tmp_path, arrived, mine.certificate)
    lines = arrived.split(b"\r\n")
    where = next(n for n, line in enumerate(lines) if len(line) > 60 and b" " not in line and b"/" not in line[:2])
    lines[where] = lines[where][:10] + (b"B" if lines[where][10:11] != b"B" else b"C") + lines[where][11:]
    assert not _verifies(tmp_path, b"\r\n".join(lines), mine.certificate)


def _verifies(folder: Path, message: bytes, certificate: Path) -> bool:
    file = folder / "message.eml"
    file.write_bytes(message)
    command = ["openssl", "cms", "-verify", "-in", str(file), "-CAfile", str(certificate), "-purpose", "any"]
    return subprocess.run([*command, "-out", "/dev/null"], capture_output=True, check=False).returncode == 0


def test_a_key_of_another_certificate_signs_nothing(tmp_path: Path) -> None:
    one = papers(tmp_path / "one", "one", ec.generate_private_key(ec.SECP256R1()))
    other = papers(tmp_path / "other", "other", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="not that of the certificate"):
        MailSigner(one.certificate, other.key_pem)


def test_secrets_and_passwords_are_read_from_files_that_nobody_else_may_read(tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "notify.toml"
    secret.write_text(f"{SECRET}\n{OLDER}\n")
    secret.chmod(0o600)
    file.write_text(
        '[[target]]\nname = "duty"\naudience = "bureau"\nwhere = "*"\n'
        f'webhook = "https://x.example"\nsecret_file = "{secret}"\n'
    )
    assert load_notify(file).secrets == {"duty": (SECRET, OLDER)}
    secret.chmod(0o640)
    with pytest.raises(NotifyRefusedError, match="its mode must be 0600"):
        load_notify(file)
    secret.write_text("not a secret")
    secret.chmod(0o600)
    with pytest.raises(NotifyRefusedError, match="holds no secrets"):
        load_notify(file)
    secret.unlink()
    with pytest.raises(NotifyRefusedError, match="cannot be read"):
        load_notify(file)
    assert load_notify(None).file.target == ()
