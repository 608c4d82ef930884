"""How brokers are called, as the settings say."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.adapters.certificates import draw_authority
from pipeline.adapters.kafka.brokers import Brokers, brokers_of
from pipeline.errors import BrokerRefusedError
from pipeline.settings import KafkaSecurity, Settings, SettingsRefusedError, configure, is_loopback


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("open-sesame\n")
    return file


def guarded(**told: object) -> Settings:
    return configure({"kafka_bootstrap": "broker.example:9092", "kafka_user": "anwang.relay", **told}).settings


@pytest.mark.parametrize(
    ("bootstrap", "here"),
    [
        ("127.0.0.1:9092", True),
        ("127.0.0.9:1,localhost:2", True),
        ("127.0.0.1:9092,broker.example:9092", False),
        ("127.0.0.1.example:9092", False),
        ("10.0.0.1:9092", False),
    ],
)
def test_a_broker_is_called_in_plain_text_on_this_machine_alone(bootstrap: str, *, here: bool) -> None:
    assert is_loopback(bootstrap) is here
    settings = configure({"kafka_bootstrap": bootstrap}).settings
    assert settings.kafka_security is (KafkaSecurity.PLAINTEXT if here else KafkaSecurity.SASL_SSL)
    if not here:
        with pytest.raises(SettingsRefusedError, match="on this machine alone"):
            brokers_of(configure({"kafka_bootstrap": bootstrap, "kafka_security": "plaintext"}).settings)


def test_a_client_is_told_the_password_over_tls_that_knows_whom_it_calls(password: Path) -> None:
    told = brokers_of(guarded(kafka_password_file=password)).options()
    assert (told["security_protocol"], told["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == ("anwang.relay", "open-sesame")
    context: ssl.SSLContext = told["ssl_context"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_only_the_named_authority_is_believed(password: Path, tmp_path: Path) -> None:
    draw_authority(tmp_path, datetime.now(UTC))
    found = brokers_of(guarded(kafka_password_file=password, kafka_ca_file=tmp_path / "ca.pem"))
    assert found.context
    assert len(found.context.get_ca_certs()) == 1


def test_a_password_is_never_shown(password: Path) -> None:
    assert "sesame" not in repr(brokers_of(guarded(kafka_password_file=password)))
    assert "sesame" not in str(configure({"kafka_password_file": password}).shown())


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"x", 0o640, "its mode must be 0600"),
        (b"\nx", 0o600, "is empty"),
        (b"\xff", 0o600, "is not UTF-8"),
        (None, 0o600, "cannot be read: No such file"),
    ],
)
def test_a_password_file_that_will_not_do_is_refused_by_its_name(
    content: bytes | None, mode: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(SettingsRefusedError, match=said):
        brokers_of(guarded(kafka_password_file=file))


def test_a_guarded_broker_wants_a_user_and_a_password() -> None:
    with pytest.raises(SettingsRefusedError, match="kafka_user and kafka_password_file are not set"):
        brokers_of(guarded())


def test_an_authority_that_is_none_is_refused(password: Path) -> None:
    with pytest.raises(SettingsRefusedError, match="holds no certificate"):
        brokers_of(guarded(kafka_password_file=password, kafka_ca_file=password))
    with pytest.raises(SettingsRefusedError, match="cannot be read"):
        brokers_of(guarded(kafka_password_file=password, kafka_ca_file=password.with_name("gone")))


async def test_a_broker_that_is_away_proves_nothing_against_us() -> None:
    away = Brokers("127.0.0.1:1,127.0.0.1:2", "u", "p", ssl.create_default_context())
    await away.prove()


async def test_a_server_that_speaks_no_tls_is_named() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.0 400\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BrokerRefusedError, match=f"127.0.0.1:{port} speaks no TLS"):
            await Brokers(f"127.0.0.1:{port}", "u", "p", ssl.create_default_context()).prove()
